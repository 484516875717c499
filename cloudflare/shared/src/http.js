// Reads bodies whole, within limits.

/** Reads a stream to its end. Returns `undefined` if it has more than `limit` bytes. */
async function whole(stream, limit) {
  const chunks = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.byteLength;
    if (length > limit) return undefined; // Leaving the loop cancels the stream.
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** Reads a request's body. */
export const readBody = (request, limit) => whole(request.body, limit);

/** `GET`s a JSON document. Accepts status 200 only, follows no redirect, and passes caches that others can write to. */
export async function fetchDocument(url, limit, millis) {
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(millis),
  });
  const { status } = response;
  if (status >= 300 && status < 400) throw new Error(`redirects (${status}), which is not followed`);
  if (status !== 200) throw new Error(`answers ${status}`);
  const bytes = await whole(response.body, limit);
  if (bytes === undefined) throw new Error(`answers more than ${limit} bytes`);
  return bytes;
}
