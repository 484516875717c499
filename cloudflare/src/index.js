// The Worker's entry: carries requests to the gate, and granted ones to the origin.
import { WorkerEntrypoint } from "cloudflare:workers";
import Engine, { Ledger } from "../build/index.js";
import files from "../policy/index.js";

export { Ledger };

const engine = Engine.prototype;

/** From the internet: a gateway where there is an UPSTREAM, else an authorizer. */
export default {
  fetch: (request, env, ctx) => answer(request, env, ctx, false),
};

/** For Workers of the same account that bind this entrypoint: nobody else reaches it. */
export class Authorizer extends WorkerEntrypoint {
  fetch(request) {
    return answer(request, this.env, this.ctx, true);
  }
}

function answer(request, env, ctx, bound) {
  const decided = engine.decide({ request, env, ctx, files }, bound, headOf(request));
  if (typeof decided === "string") return act(decided, request, env);
  const acted = decided.then((text) => act(text, request, env));
  // What was begun is ended for others who wait for it, though this client may be gone.
  ctx.waitUntil(decided.catch(() => {}));
  return acted;
}

function headOf(request) {
  let head = `${request.method}\n${request.url}\n`;
  for (const [name, value] of request.headers) head += `${name}:${value}\n`;
  return head;
}

/** Writes down what was decided, and does it. */
function act(text, request, env) {
  const end = text.indexOf("\n");
  if (end > 0) console.log(text.slice(0, end));
  const { reply, forward, notices } = JSON.parse(text.slice(end + 1));
  for (const notice of notices ?? []) console.warn(`edge-auth: ${notice}`);
  if (forward) return sendOn(forward, request, env);
  return new Response(reply.body || null, { status: reply.status, headers: reply.headers });
}

async function sendOn({ target, remove, set, respond, cors, private: isPrivate, upgrade }, request, env) {
  const headers = new Headers(request.headers);
  for (const name of remove) headers.delete(name);
  for (const [name, value] of set) headers.set(name, value);
  const wantsWebSocket = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  if (upgrade && wantsWebSocket) headers.set("upgrade", "websocket");
  const init = { method: request.method, headers, body: request.body, redirect: "manual" };
  // One principal's answer is for nobody else.
  if (isPrivate) init.cache = "no-store";
  const url = env.UPSTREAM.replace(/\/$/, "") + target;
  let response;
  try {
    response = await (env.ORIGIN ?? globalThis).fetch(url, init);
  } catch (error) {
    console.error(`edge-auth: upstream ${env.UPSTREAM}: ${error.message}`);
    return act(engine.unreachable(), request, env);
  }
  return answered(response, respond, cors, isPrivate);
}

function answered(response, respond, cors, isPrivate) {
  const { status, statusText, webSocket } = response;
  const headers = new Headers(response.headers);
  if (cors || isPrivate) {
    const withheld = engine.withheld(cors, isPrivate, [...headers.keys()].join("\n"));
    for (const name of withheld.split("\n").filter(Boolean)) headers.delete(name);
  }
  for (const [name, value] of respond) {
    if (name.toLowerCase() === "vary") headers.append(name, value);
    else headers.set(name, value);
  }
  if (isPrivate) {
    headers.set("cache-control", engine.privateCacheControl(headers.get("cache-control") ?? ""));
  }
  return new Response(response.body, { status, statusText, headers, webSocket });
}
