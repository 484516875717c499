// The Worker's entry: passes requests to the gate, and sends granted ones to the origin.
import { WorkerEntrypoint } from "cloudflare:workers";
import Engine from "../build/index.js";
import files from "../../policy/index.js";
import { ageSignal, aging, agingSocket } from "./age.js";

const functions = Engine.prototype;
/** How long a decision may take, in milliseconds. All stores and issuers together take less: the engine has stopped. */
const PATIENCE = 18_000;

/**
 * Returns the engine, replaced if it stopped. The glue replaces it at any call, but only after it has written the call's
 * strings into the old one's memory.
 */
function engine() {
  functions.revive();
  return functions;
}

/** For requests from the internet: a gateway if UPSTREAM is set, else an authorizer. */
export default {
  fetch: (request, env, ctx) => answer(request, env, ctx, false),
};

/** For Workers of the same account that bind this entrypoint. Only they can reach it. */
export class Authorizer extends WorkerEntrypoint {
  fetch(request) {
    return answer(request, this.env, this.ctx, true);
  }
}

function answer(request, env, ctx, bound) {
  let decided;
  try {
    const event = { request, env, ctx, files };
    decided = engine().decide(event, bound, headOf(event, bound));
  } catch (error) {
    return stopped(error);
  }
  if (typeof decided === "string") return act(decided, request, env, ctx);
  // Other requests may wait for work that this one began, so it goes on if this client leaves.
  ctx.waitUntil(decided.catch(() => {}));
  return inTime(decided).then((text) => act(text, request, env, ctx), stopped);
}

/** Rejects after PATIENCE: an engine that has stopped settles none of its promises. */
function inTime(promised) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no decision within ${PATIENCE} ms`)), PATIENCE);
  });
  return Promise.race([promised, late]).finally(() => clearTimeout(timer));
}

/** Refuses a request that the engine did not decide. The next request finds a new engine. */
function stopped(error) {
  console.error(`edge-auth: the engine stopped: ${error?.stack ?? error}`);
  return trouble(503, "The gate cannot decide at the moment.");
}

/** Answers with an error of the gate. */
function trouble(status, detail) {
  return act(engine().trouble(status, detail));
}

/** Returns the request's head, as far as it matters, as one string: one crossing into wasm. */
function headOf(event, bound) {
  const { request } = event;
  const isRelevant = bound ? (ofBound ??= relevance(event, true)) : (ofClients ??= relevance(event, false));
  let head = `${request.method}\n${request.url}\n`;
  // Iterating the fields takes twice the time.
  request.headers.forEach((value, name) => {
    if (isRelevant(name)) head += `${name}:${value}\n`;
  });
  return head;
}

/** Which fields matter, for requests of bound Workers and of clients: known after the first request. */
let ofBound, ofClients;

/** Returns a function that says whether a field matters, by its name in lower case. */
function relevance(event, bound) {
  const lines = engine().relevantFields(event, bound);
  if (lines === "") return () => true;
  const all = lines.split("\n");
  const names = new Set(all);
  const prefixes = all.filter((line) => line.endsWith("-")).map((prefix) => prefix.replaceAll("-", "[^a-z0-9]"));
  const begins = new RegExp(`^(?:${prefixes.join("|")})`);
  return (name) => names.has(name) || begins.test(name);
}

/** Logs the decision, and carries it out. */
function act(text, request, env, ctx) {
  const end = text.indexOf("\n");
  if (end > 0) console.log(text.slice(0, end));
  const { reply, forward, notices } = JSON.parse(text.slice(end + 1));
  for (const notice of notices ?? []) console.warn(`edge-auth: ${notice}`);
  if (forward) return sendOn(forward, request, env, ctx);
  return new Response(reply.body || null, { status: reply.status, headers: reply.headers });
}

async function sendOn(forward, request, env, ctx) {
  const { target, remove, set, upgrade, private: isPrivate, maxAge } = forward;
  const body = bodyOf(request);
  if (body === undefined) return trouble(400, "A GET or HEAD request has no body here (RFC 9110, section 9.3.1).");
  const headers = new Headers(request.headers);
  if (body === null) headers.delete("content-length");
  for (const name of remove) headers.delete(name);
  for (const [name, value] of set) headers.set(name, value);
  const wantsWebSocket = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  if (upgrade && wantsWebSocket) headers.set("upgrade", "websocket");
  const signal = ageSignal(maxAge);
  const init = { method: request.method, headers, body, redirect: "manual", signal };
  // The answer is for one principal only.
  if (isPrivate) init.cache = "no-store";
  const url = env.UPSTREAM.replace(/\/$/, "") + target;
  try {
    return answered(await (env.ORIGIN ?? globalThis).fetch(url, init), forward, signal, ctx);
  } catch (error) {
    if (signal?.aborted) return trouble(504, "The answer did not begin within the time that the rule allows.");
    console.error(`edge-auth: upstream ${env.UPSTREAM}: ${engine().logSafe(String(error?.message))}`);
    return trouble(502, "The API behind the gate cannot be reached.");
  }
}

/** Returns the body to send on, or `undefined` for a body that the runtime would not send. */
function bodyOf({ method, body, headers }) {
  if (method !== "GET" && method !== "HEAD") return body;
  return body === null || headers.get("content-length") === "0" ? null : undefined;
}

/** Returns the origin's answer with the fields that the rule wants. */
function answered(response, { respond, cors, private: isPrivate }, signal, ctx) {
  const { status, statusText } = response;
  const webSocket = agingSocket(response.webSocket, signal);
  const headers = new Headers(response.headers);
  if (cors || isPrivate) {
    const withheld = engine().withheld(cors, isPrivate, [...headers.keys()].join("\n"));
    for (const name of withheld.split("\n").filter(Boolean)) headers.delete(name);
  }
  for (const [name, value] of respond) {
    if (name.toLowerCase() === "vary") headers.append(name, value);
    else headers.set(name, value);
  }
  if (isPrivate) {
    headers.set("cache-control", engine().privateCacheControl(headers.get("cache-control") ?? ""));
  }
  return new Response(aging(response, signal, ctx), { status, statusText, headers, webSocket });
}
