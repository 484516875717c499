// Verifies tokens with jose. The first line of the input is {"jwks", "issuer", "audience",
// "algorithms"}, and each further line is a token as JSON text. Answers each token with null, or
// with the reason for refusing it.

import { createInterface } from "node:readline";
import { createLocalJWKSet, jwtVerify } from "jose";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { jwks, ...expected } = JSON.parse((await lines.next()).value);
const keys = createLocalJWKSet(jwks);
const options = { ...expected, typ: "at+jwt", requiredClaims: ["exp"] };

for await (const line of lines) {
  try {
    await jwtVerify(JSON.parse(line), keys, options);
    console.log("null");
  } catch (error) {
    console.log(JSON.stringify(`${error.code}: ${error.message}`));
  }
}
