// Reads stores through their bindings.

/** Sends a request to the ledger, an object or a Worker in front of it. Returns the text of its answer. */
export async function ask(ledger, request) {
  const response = await ledger.fetch("https://ledger/", { method: "POST", body: request });
  const text = await response.text();
  if (!response.ok) throw new Error(text.slice(0, 500));
  return text;
}

/** Returns the text that KV has under a name, or `null`. */
export const readText = (kv, name) => kv.get(name);

/** How long KV may keep near a reader what never changes, in seconds. */
const UNCHANGING = 3_600;

/** Returns the bytes that KV has under a name for good, or `undefined`. */
export async function readBytes(kv, name) {
  const bytes = await kv.get(name, { type: "arrayBuffer", cacheTtl: UNCHANGING });
  return bytes ? new Uint8Array(bytes) : undefined;
}
