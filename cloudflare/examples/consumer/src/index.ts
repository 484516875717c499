// A Worker with an API of its own that asks edge-auth about each request, over a service binding.

interface Env {
  /** The entrypoint `Authorizer` of the Worker `edge-auth`. */
  AUTH: { fetch(url: string, init: RequestInit): Promise<Response> };
}

/** The answer of `POST /v1/verify`. */
interface Decision {
  allowed: boolean;
  status?: number;
  code?: string;
  title?: string;
  www_authenticate?: string[];
  principal?: { id: string; subject: string; scopes: string[] | "*" };
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const decision = await decide(request, env);
    if (!decision.allowed) return refusal(decision);
    return Response.json({ hello: decision.principal?.id ?? "anonymous" });
  },
};

/**
 * Fields that could name a certificate or an identity, in any spelling. The client wrote them, so send them neither to
 * the gate nor to any service that this Worker calls.
 */
const NOT_THE_CLIENTS = /^(x-auth-|cf-cert-|cf-client-cert-|(x-)?ssl-client-|cloudfront-viewer-cert-)|client-?cert|client-dn/;

function fieldsOf(request: Request): Record<string, string> {
  const folded = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "-");
  return Object.fromEntries([...request.headers].filter(([name]) => !NOT_THE_CLIENTS.test(folded(name))));
}

async function decide(request: Request, env: Env): Promise<Decision> {
  const url = new URL(request.url);
  // Cloudflare itself says this about the certificate; the client cannot set it.
  const tlsClientAuth = request.cf?.tlsClientAuth;
  const question = {
    method: request.method,
    target: url.pathname + url.search,
    host: url.host,
    headers: fieldsOf(request),
    client_ip: request.headers.get("cf-connecting-ip") ?? undefined,
    client_certificate: tlsClientAuth ? { cloudflare: tlsClientAuth } : undefined,
  };
  const answer = await env.AUTH.fetch("https://edge-auth/v1/verify", {
    method: "POST",
    body: JSON.stringify(question),
  });
  if (!answer.ok) throw new Error(`edge-auth answers ${answer.status}`);
  return answer.json();
}

function refusal({ status, code, title, www_authenticate }: Decision): Response {
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  for (const challenge of www_authenticate ?? []) headers.append("www-authenticate", challenge);
  return new Response(JSON.stringify({ title, status, code }), { status, headers });
}
