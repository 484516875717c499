// The peers on Node, as a worker: worker.rs describes the protocol. CPU time is that of the whole
// process, so the crypto threads of `jose` count. The calls before each measurement reduce the
// share of the JIT.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createLocalJWKSet, jwtVerify } from "jose";
import { JwtVerifier } from "aws-jwt-verify";

const read = (name) => readFileSync(`${process.argv[2]}/${name}`, "utf8");
const expected = JSON.parse(read("expected.json"));
const jwks = JSON.parse(read("jwks.json"));

/** Verifies one token after the other, as an application does that has each from a request. */
async function microseconds(tokens, verify) {
  for (const token of tokens.slice(0, expected.warm_up)) await verify(token);
  const rest = tokens.slice(expected.warm_up, expected.warm_up + expected.measured);
  const before = process.cpuUsage();
  for (const token of rest) await verify(token);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rest.length;
}

/** The synchronous verification is given no promise to wait for. */
function microsecondsSync(tokens, verify) {
  for (const token of tokens.slice(0, expected.warm_up)) verify(token);
  const rest = tokens.slice(expected.warm_up, expected.warm_up + expected.measured);
  const before = process.cpuUsage();
  for (const token of rest) verify(token);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rest.length;
}

const { audience } = expected;
const keySet = createLocalJWKSet(jwks);
const secret = new TextEncoder().encode(expected.secret);
const verifier = JwtVerifier.create({ issuer: expected.issuer, audience, jwksUri: "https://login.example.com/jwks" });
verifier.cacheJwks(jwks);

const offers = [];
for (const algorithm of ["RS256", "ES256", "EdDSA", "HS256"]) {
  const tokens = read(`${algorithm}.tokens`).split("\n", expected.warm_up + expected.measured);
  const hmac = algorithm === "HS256";
  const options = { issuer: hmac ? expected.hmac_issuer : expected.issuer, audience, typ: "at+jwt" };
  const verify = (token) => jwtVerify(token, hmac ? secret : keySet, options);
  offers.push({ who: "jose", case: algorithm, measure: () => microseconds(tokens, verify) });
  // aws-jwt-verify has no HMAC.
  if (!hmac) {
    const verify = (token) => verifier.verifySync(token);
    offers.push({ who: "aws-jwt-verify", case: algorithm, measure: () => microsecondsSync(tokens, verify) });
  }
}

console.log(JSON.stringify({ offers: offers.map((offer) => ({ who: offer.who, case: offer.case, metric: "cpu" })) }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(await offers[Number(line)].measure());
}
