// The age at which an answer of the origin ends, where a rule says so: whether it may go on is not asked again while it
// is open.

/** RFC 6455, section 7.4.1: what was said goes against a policy. */
const POLICY_VIOLATION = 1008;

/** A signal that comes at that age, in milliseconds; `undefined` if there is none. */
export const ageSignal = (maxAge) => (maxAge === undefined ? undefined : AbortSignal.timeout(maxAge));

/**
 * The body of an answer, which breaks off when the signal comes. Whoever reads it learns that from its length; where none
 * is told, workerd ends it as if it were whole, as it does when an origin breaks off.
 */
export function aging({ body, headers }, signal, ctx) {
  if (!signal || body === null) return body;
  const { readable, writable } = streamFor(headers);
  // How it ends, both ends learn from their streams.
  ctx.waitUntil(body.pipeTo(writable, { signal }).catch(() => {}));
  return readable;
}

/** A stream of as many bytes as the fields say. What comes encoded is decoded on its way, and is longer. */
function streamFor(headers) {
  const length = headers.get("content-length");
  const isTold = /^\d{1,15}$/.test(length ?? "") && !headers.has("content-encoding");
  return isTold ? new FixedLengthStream(Number(length)) : new IdentityTransformStream();
}

/** The origin's WebSocket by way of one that is closed, on both sides, when the signal comes. */
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

/** Closes a socket that may be closed already; some codes say how a connection ended, and cannot be sent. */
function close(socket, code, reason) {
  try {
    if (code === 1005 || code === 1006 || code === 1015) socket.close();
    else socket.close(code, reason);
  } catch {
    // It is closed.
  }
}
