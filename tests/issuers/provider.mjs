// Runs oidc-provider, a certified OpenID provider, with keys that the test publishes and signs
// with.
//
// Writes {"issuer"} on its first line, and then answers each line of its input: {"publish": [kid,
// …], "sign": kid} replaces its keys, and {"down": true} makes it answer everything with 500. Every
// answer has the number of requests for the key set, and of requests while it was down.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

// The test reads standard output.
console.info = console.error;

const RESOURCES = ["https://api.example.com", "https://other.example.com"];
const ALGORITHMS = { a: "ES256", b: "ES256", rsa: "RS256", pss: "PS256", p384: "ES384", ed25519: "Ed25519" };

const keys = {};
for (const [kid, alg] of Object.entries(ALGORITHMS)) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  keys[kid] = { ...(await exportJWK(privateKey)), kid, alg, use: "sig" };
}

let answer, down = false, fetches = 0, inVain = 0;

const server = createServer(async (request, response) => {
  if (request.url === "/jwks") fetches += 1;
  // A real issuer is far away: fetching its keys takes time, in which other calls arrive.
  if (["/jwks", "/.well-known/openid-configuration"].includes(request.url)) await setTimeout(150);
  if (!down) return answer(request, response);
  inVain += 1;
  response.statusCode = 500;
  response.end();
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

/** The same provider, with other keys. */
function publish(kids, sign) {
  const provider = new Provider(issuer, {
    jwks: { keys: kids.map((kid) => keys[kid]) },
    clients: [{
      client_id: "app",
      client_secret: "a-secret-of-the-application",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "client_secret_post",
      id_token_signed_response_alg: "ES256",
    }],
    scopes: ["orders:read", "orders:write"],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => {
          if (!RESOURCES.includes(resource)) throw new Error(`no such resource: ${resource}`);
          const jwt = { sign: { alg: ALGORITHMS[sign], kid: sign } };
          return { scope: "orders:read orders:write", accessTokenFormat: "jwt", accessTokenTTL: 600, jwt };
        },
      },
    },
  });
  answer = provider.callback();
}

publish(["a"], "a");
console.log(JSON.stringify({ issuer }));
for await (const line of createInterface({ input: process.stdin })) {
  const change = JSON.parse(line);
  if (change.publish) publish(change.publish, change.sign);
  if ("down" in change) down = change.down;
  console.log(JSON.stringify({ fetches, inVain }));
}
process.exit();
