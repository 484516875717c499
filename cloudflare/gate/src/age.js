// Ends an open answer of the origin at the age that its rule allows (`max_response_age`), as the gate does not decide
// again while it is open.

/** The close code of RFC 6455, section 7.4.1, for a violated policy. */
const POLICY_VIOLATION = 1008;

/** Returns a signal that aborts at that age, in milliseconds, or `undefined` without an age. */
export const ageSignal = (maxAge) => (maxAge === undefined ? undefined : AbortSignal.timeout(maxAge));

/**
 * Returns the body of an answer, which breaks off when the signal aborts. Its reader notices by the `Content-Length`.
 * Without one, workerd ends the body as if it were whole, as it does when an origin breaks off.
 */
export function aging({ body, headers }, signal, ctx) {
  if (!signal || body === null) return body;
  const { readable, writable } = streamFor(headers);
  // Both ends see a failure on their own streams.
  ctx.waitUntil(body.pipeTo(writable, { signal }).catch(() => {}));
  return readable;
}

/** Returns a stream of as many bytes as the fields declare; the runtime decodes an encoded body, which is longer then. */
function streamFor(headers) {
  const length = headers.get("content-length");
  const isExact = /^\d{1,15}$/.test(length ?? "") && !headers.has("content-encoding");
  return isExact ? new FixedLengthStream(Number(length)) : new IdentityTransformStream();
}

/** Returns a WebSocket that relays the origin's, and closes both when the signal aborts. */
export function agingSocket(origin, signal) {
  if (!signal || !origin) return origin;
  const [client, own] = Object.values(new WebSocketPair());
  own.accept();
  origin.accept();
  carry(own, origin);
  carry(origin, own);
  signal.addEventListener("abort", () => {
    for (const socket of [own, origin]) close(socket, POLICY_VIOLATION, "max_response_age");
  });
  return client;
}

function carry(from, to) {
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
    } catch {
      close(from, POLICY_VIOLATION);
    }
  });
  from.addEventListener("close", ({ code, reason }) => close(to, code, reason));
  from.addEventListener("error", () => close(to, 1011));
}

/** Closes a socket that may be closed already. Codes that only report how a connection ended cannot be sent. */
function close(socket, code, reason) {
  try {
    if (code === 1005 || code === 1006 || code === 1015) socket.close();
    else socket.close(code, reason);
  } catch {
    // It is closed.
  }
}
