// The peer of the Lambda function: a TOKEN authorizer with aws-jwt-verify, and a minimal client of
// the Runtime API. The keys are in memory from the start, so that nothing is fetched.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { JwtVerifier } from "aws-jwt-verify";

const read = (name) => JSON.parse(readFileSync(`${process.env.FOLDER}/${name}`, "utf8"));
const { issuer, audience } = read("expected.json");
const verifier = JwtVerifier.create({ issuer, audience, jwksUri: "https://login.example.com/jwks" });
verifier.cacheJwks(read("jwks.json"));

function authorize({ authorizationToken, methodArn }) {
  const { sub } = verifier.verifySync(authorizationToken.replace(/^Bearer /, ""));
  const statement = { Action: "execute-api:Invoke", Effect: "Allow", Resource: methodArn };
  return { principalId: sub, policyDocument: { Version: "2012-10-17", Statement: [statement] }, context: { sub } };
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const asked = request({ agent, hostname, port, method, headers, path: `/2018-06-01/runtime/invocation/${path}` }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks).toString() }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

for (;;) {
  const event = await ask("GET", "next");
  const id = event.headers["lambda-runtime-aws-request-id"];
  try {
    await ask("POST", `${id}/response`, JSON.stringify(authorize(JSON.parse(event.body))));
  } catch (error) {
    await ask("POST", `${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: "Unauthorized" }));
  }
}
