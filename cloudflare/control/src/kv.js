// Reads copies in KV.

/** Returns the text that KV has under a name, or `null`. */
export const readText = (kv, name) => kv.get(name);

/** How long KV may keep near a reader what never changes, in seconds. */
const UNCHANGING = 3_600;

/** Returns the bytes that KV has under a name for good, or `undefined`. */
export async function readBytes(kv, name) {
  const bytes = await kv.get(name, { type: "arrayBuffer", cacheTtl: UNCHANGING });
  return bytes ? new Uint8Array(bytes) : undefined;
}
