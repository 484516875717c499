// Reads the ledger through its binding.

/** Sends a request to the ledger, an object or a Worker in front of it. Returns the text of its answer. */
export async function ask(ledger, request) {
  const response = await ledger.fetch("https://ledger/", { method: "POST", body: request });
  const text = await response.text();
  if (!response.ok) throw new Error(text.slice(0, 500));
  return text;
}
