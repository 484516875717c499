// The entry of the Worker with tests in it: runs the test that a request names.
import Engine, { Ledger } from "../build/index.js";

export { Ledger };

const engine = Engine.prototype;

const running = {
  conformance: (_, env) => engine.conformance(env),
  import: ({ jwks, algorithm }) => engine.importKey(jwks, algorithm),
  verify: ({ key, jws }) => engine.verifyJws(key, jws),
};

export default {
  async fetch(request, env) {
    const wanted = await request.json();
    try {
      return Response.json({ done: await running[wanted.run](wanted, env) });
    } catch (error) {
      return Response.json({ failed: String(error) });
    }
  },
};
