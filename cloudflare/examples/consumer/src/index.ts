// A Worker with an API of its own that asks edge-auth about each request, over a service binding.

interface Env {
  /** The entrypoint `Authorizer` of the Worker `edge-auth`. */
  AUTH: { fetch(url: string, init: RequestInit): Promise<Response> };
}

/** What `POST /v1/verify` answers. */
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
    return Response.json({ hello: decision.principal?.id ?? "whoever you are" });
  },
};

async function decide(request: Request, env: Env): Promise<Decision> {
  const url = new URL(request.url);
  const question = {
    method: request.method,
    target: url.pathname + url.search,
    host: url.host,
    headers: Object.fromEntries(request.headers),
    client_ip: request.headers.get("cf-connecting-ip") ?? undefined,
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
