import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, test } from "node:test";
import Provider from "oidc-provider";
import { freePort } from "./free-port.ts";
import { Weir } from "./weir-process.ts";

/** Single sign-on against a real OpenID provider, as a browser does it: redirects, cookies and forms. */

const accounts: Record<string, { email: string; groups: string[] }> = {
  lea: { email: "lea@example.com", groups: ["platform"] },
  max: { email: "max@example.com", groups: ["visitors"] },
};

let weir: Weir;
let server: Server;
let issuer = "";
const providerIds: Record<"oidc" | "oauth", string> = { oidc: "", oauth: "" };

before(async () => {
  weir = await Weir.start();
  const port = await freePort();
  issuer = `http://127.0.0.1:${port}`;
  server = createServer((request, response) => handle(request, response));
  let handle: ReturnType<Provider["callback"]> = async () => undefined;
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const mapping = { role_by_group: { platform: "admin" } };
  const add = (body: object) =>
    weir.json<{ id: string; callback_path: string }>("/api/v1/organizations/default/identity-providers", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${weir.ownerKey()}` },
      body: JSON.stringify({ ...body, ...mapping }),
    });
  const client = { client_id: "weir", client_secret: "the-secret-of-weir" };
  const oidc = await add({
    kind: "oidc",
    name: "Company",
    settings: { issuer, client_id: client.client_id, scopes: "openid email groups" },
    client_secret: client.client_secret,
  });
  const oauth = await add({
    kind: "oauth",
    name: "Company by OAuth",
    settings: {
      authorization_url: `${issuer}/auth`,
      token_url: `${issuer}/token`,
      userinfo_url: `${issuer}/me`,
      client_id: client.client_id,
      scopes: "openid email groups",
      subject_field: "sub",
    },
    client_secret: client.client_secret,
  });
  Object.assign(providerIds, { oidc: oidc.id, oauth: oauth.id });
  const provider = new Provider(issuer, {
    clients: [
      {
        ...client,
        redirect_uris: [oidc, oauth].map(({ callback_path }) => weir.url + callback_path),
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    pkce: { required: () => true },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, ...accounts[sub], email_verified: true }),
    }),
    features: { devInteractions: { enabled: true } },
  });
  handle = provider.callback();
});
after(async () => {
  server?.close();
  server?.closeAllConnections();
  await weir?.[Symbol.asyncDispose]();
});

/** Cookies by host and port, as far as these two need them. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url);
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, jar);
    const headers = new Headers(init.headers);
    headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "" || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Follows redirects until a page of Weir's UI, filling in the provider's forms on the way. */
  async signIn(start: string, login: string): Promise<string> {
    let response = await this.open(start);
    let url = start;
    for (let step = 0; step < 20; step++) {
      const location = response.headers.get("location");
      if (location !== null) {
        await response.arrayBuffer();
        url = new URL(location, url).href;
        if (new URL(url).pathname.startsWith("/ui")) return url;
        response = await this.open(url);
        continue;
      }
      const page = await response.text();
      const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
      assert.ok(action, `no form at ${url} (${response.status}): ${page.slice(0, 400)}`);
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? "";
      url = new URL(action, url).href;
      const fields = prompt === "login" ? { prompt, login, password: "any" } : { prompt };
      response = await this.open(url, { method: "POST", body: new URLSearchParams(fields) });
    }
    throw new Error(`no end at ${url}`);
  }
}

interface Me {
  user: { email: string };
  organizations: { id: string; role: string }[];
}

for (const kind of ["oidc", "oauth"] as const) {
  test(`somebody signs in by ${kind}, with the role of their group`, async () => {
    const browser = new Browser();
    const page = await browser.signIn(`${weir.url}/api/v1/auth/sso/${providerIds[kind]}?next=/calls`, "lea");
    assert.equal(page, `${weir.url}/ui/calls`);
    const answer = await browser.open(`${weir.url}/api/v1/auth/me`);
    const me = (await answer.json()) as Me;
    assert.equal(me.user.email, "lea@example.com");
    assert.deepEqual(
      me.organizations.map(({ id, role }) => [id, role]),
      [["default", "admin"]],
    );
  });
}

test("somebody without a group that has a role stays outside, and is told so on the sign-in page", async () => {
  const page = await new Browser().signIn(`${weir.url}/api/v1/auth/sso/${providerIds.oidc}`, "max");
  assert.equal(page, `${weir.url}/ui/sign-in?failed=refused`);
});

test("a callback that this browser did not ask for signs nobody in", async () => {
  const victim = new Browser();
  const callback = `${weir.url}/api/v1/auth/sso/${providerIds.oidc}/callback?code=stolen&state=stolen&iss=${issuer}`;
  const answer = await victim.open(callback);
  assert.match(answer.headers.get("location") ?? "", /failed=refused/);
  await victim.open(`${weir.url}/api/v1/auth/sso/${providerIds.oidc}`);
  const mixed = await victim.open(callback);
  assert.match(mixed.headers.get("location") ?? "", /failed=/);
  assert.equal((await victim.open(`${weir.url}/api/v1/auth/me`)).status, 401);
});
