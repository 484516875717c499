// The peer of the Worker: what one writes with `jose` for the same requests. It answers in the same
// form and logs a line about each request, or each refused one.
import { createLocalJWKSet, jwtVerify } from "jose";
import expected from "./expected.json";
import jwks from "./jwks.json";

const keySet = createLocalJWKSet(jwks);
const secret = new TextEncoder().encode(expected.secret);
const options = { audience: expected.audience, typ: "at+jwt" };
const rule = /^\/v1\/orders\/[^/]+$/;
const wanted = "orders:read";

export default {
  async fetch(request) {
    const pathname = new URL(request.headers.get("x-forwarded-uri") ?? "", "http://api.example.com").pathname;
    if (request.headers.get("cf-connecting-ip") !== "127.0.0.1") return refused(request, pathname, 403, "proxy_untrusted");
    if (request.headers.get("x-forwarded-method") !== "GET" || !rule.test(pathname)) return refused(request, pathname, 403, "no_rule");
    const [scheme, token] = (request.headers.get("authorization") ?? "").split(" ");
    if (scheme?.toLowerCase() !== "bearer" || !token) return refused(request, pathname, 401, "credential_missing");
    let claims;
    try {
      claims = await verified(token);
    } catch (error) {
      return refused(request, pathname, 401, error.code ?? "token_invalid");
    }
    const scopes = (claims.scope ?? "").split(" ");
    if (!scopes.includes(wanted)) return refused(request, pathname, 403, "scope_insufficient");
    const principal = `jwt:corp:${claims.sub}`;
    log({ allowed: true, rule: "read-order", method: request.method, path: pathname, principal, kind: "jwt" });
    const headers = {
      "cache-control": "no-store",
      "x-auth-principal": principal,
      "x-auth-kind": "jwt",
      "x-auth-subject": claims.sub,
      "x-auth-issuer": claims.iss,
      "x-auth-client": claims.client_id ?? "",
      "x-auth-scopes": scopes.join(" "),
    };
    return new Response(null, { status: 200, headers });
  },
};

/** By the issuer that the token names, as the gate does. */
async function verified(token) {
  const hmac = JSON.parse(atob(token.split(".", 1)[0].replace(/-/g, "+").replace(/_/g, "/"))).alg === "HS256";
  const key = hmac ? secret : keySet;
  const issuer = hmac ? expected.hmac_issuer : expected.issuer;
  const { payload } = await jwtVerify(token, key, { ...options, issuer });
  return payload;
}

function refused(request, path, status, code) {
  log({ allowed: false, code, method: request.method, path });
  const body = JSON.stringify({ status, code });
  return new Response(body, { status, headers: { "content-type": "application/problem+json" } });
}

function log(event) {
  if (event.allowed && !expected.logs_allowed) return;
  console.log(JSON.stringify({ time: new Date().toISOString(), host: "api.example.com", client_ip: null, ...event }));
}
