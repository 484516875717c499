// The control Worker's entry: passes administration, the schedule and the questions of gates to wasm.
import { WorkerEntrypoint } from "cloudflare:workers";
import Engine, { Ledger } from "../build/index.js";
import files from "../../policy/index.js";

export { Ledger };

const functions = Engine.prototype;
/** How long an answer may take, in milliseconds. All stores and issuers together take less: the engine has stopped. */
const PATIENCE = 18_000;
/** The longest request of a gate, in characters. They have a few hundred. */
const LONGEST_READ = 4_096;

/**
 * Returns the engine, replaced if it stopped. The glue replaces it at any call, but only after it has written the call's
 * strings into the old one's memory.
 */
function engine() {
  functions.revive();
  return functions;
}

export default {
  /** `/admin/v1`. */
  async fetch(request, env, ctx) {
    try {
      const decided = engine().administer({ request, env, ctx, files }, headOf(request));
      if (typeof decided === "string") return act(decided);
      // What was begun is completed if this client leaves.
      ctx.waitUntil(decided.catch(() => {}));
      return act(await inTime(decided));
    } catch (error) {
      console.error(`edge-auth: the engine stopped: ${error?.stack ?? error}`);
      return act(engine().trouble(503, "The control plane cannot work at the moment."));
    }
  },

  async scheduled(_, env, ctx) {
    const done = await engine().scheduled({ env, ctx, files });
    for (const line of done.split("\n")) console.log(`edge-auth: ${line}`);
  },
};

/** For gates, which bind this entrypoint. It answers requests that read, and nothing else. */
export class Reader extends WorkerEntrypoint {
  async fetch(request) {
    const question = await request.text();
    try {
      const answer = question.length > LONGEST_READ ? undefined : await read(question, this.env, this.ctx);
      if (answer !== undefined) return new Response(answer);
    } catch (error) {
      const reason = String(error?.stack ?? error);
      console.error(`edge-auth: Reader: ${reason}`);
      return new Response(reason, { status: 503 });
    }
    const kind = /^\W*(\w{1,20})/.exec(question)?.[1] ?? "";
    console.error(`edge-auth: ALERT: Reader refused a request of a gate that is no read: ${kind}`);
    return new Response("Reader answers reads only", { status: 403 });
  }
}

function read(question, env, ctx) {
  const answer = engine().read({ env, ctx, files }, question);
  // Other gates may wait for what this one reads, so it goes on if this one leaves.
  ctx.waitUntil(answer.catch(() => {}));
  return inTime(answer);
}

/** Rejects after PATIENCE: an engine that has stopped settles none of its promises. */
function inTime(promised) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE);
  });
  return Promise.race([promised, late]).finally(() => clearTimeout(timer));
}

/** Returns the request's head as one string: one crossing into wasm. */
function headOf(request) {
  let head = `${request.method}\n${request.url}\n`;
  for (const [name, value] of request.headers) head += `${name}:${value}\n`;
  return head;
}

/** Logs the decision, and answers. */
function act(text) {
  const end = text.indexOf("\n");
  if (end > 0) console.log(text.slice(0, end));
  const { status, headers, body, notices } = JSON.parse(text.slice(end + 1));
  for (const notice of notices) console.warn(`edge-auth: ${notice}`);
  return new Response(body || null, { status, headers });
}
