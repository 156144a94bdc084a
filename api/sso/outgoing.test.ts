import assert from "node:assert/strict";
import dns from "node:dns";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { IdentityProvider } from "@weir/catalog";
import { type OrganizationId, OutgoingGuard } from "@weir/model";
import type { Attempt } from "./attempt.ts";
import { openOauthFlow } from "./oauth-flow.ts";
import { type GuardedFetch, openGuardedFetch } from "./provider-fetch.ts";

/** 127.0.0.1 stands for the internet; all else of this machine is inside. */
const guard = new OutgoingGuard(["127.0.0.1"]);
const addresses: Record<string, string> = { "outside.example": "127.0.0.1", "inside.example": "127.0.0.2" };
const systemLookup = dns.lookup;
const seen: string[] = [];

let guarded: GuardedFetch;
let server: Server;
let port = 0;
before(async () => {
  const lookup = (
    name: string,
    options: dns.LookupAllOptions,
    done: (error: null, all: dns.LookupAddress[]) => void,
  ) => {
    const address = addresses[name];
    if (address === undefined) return systemLookup(name, options, done as never);
    process.nextTick(done, null, [{ address, family: 4 }]);
  };
  dns.lookup = lookup as never;
  syncBuiltinESMExports();
  guarded = openGuardedFetch(guard);
  server = createServer((request, response) => {
    const url = request.url ?? "";
    seen.push(url);
    const metadata = /^\/(?<host>[^/]+)\/\.well-known\/openid-configuration$/.exec(url)?.groups;
    if (metadata !== undefined) answerMetadata(metadata["host"] ?? "");
    else if (url === "/redirect") response.writeHead(302, { location: `http://127.0.0.2:${port}/inside` }).end();
    else if (url === "/token") response.end('{"access_token":"t","token_type":"bearer"}');
    else if (url === "/large") response.end(Buffer.alloc(2 << 20, "x"));
    else response.end("{}");

    function answerMetadata(host: string): void {
      const issuer = `http://127.0.0.1:${port}/${host}`;
      const token_endpoint = `http://${host}:${port}/token`;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ issuer, token_endpoint, authorization_endpoint: `${issuer}/authorize` }));
    }
  }).listen(0, "0.0.0.0");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
after(async () => {
  await guarded[Symbol.asyncDispose]();
  server.close();
  dns.lookup = systemLookup;
  syncBuiltinESMExports();
});

for (const [host, isReached] of [
  ["127.0.0.1", true],
  ["outside.example", true],
  ["127.0.0.2", false],
  ["127.2", false],
  ["[::1]", false],
  ["inside.example", false],
  ["169.254.169.254", false],
] as const) {
  test(`${host} is ${isReached ? "asked" : "not asked"}`, async () => {
    seen.length = 0;
    const asked = guarded.fetch(`http://${host}:${port}/x`, {});
    if (isReached) assert.equal((await asked).status, 200);
    else await assert.rejects(asked, { code: "ADDRESS_FORBIDDEN" });
    assert.deepEqual(seen, isReached ? ["/x"] : []);
  });
}

test("a redirect is not followed, and an answer without measure not read", async () => {
  seen.length = 0;
  assert.equal((await guarded.fetch(`http://127.0.0.1:${port}/redirect`, {})).status, 302);
  await assert.rejects(async () => (await guarded.fetch(`http://127.0.0.1:${port}/large`, {})).text());
  assert.deepEqual(seen, ["/redirect", "/large"]);
});

const attempt: Attempt = {
  id: "the-attempt",
  providerId: "idp",
  nonce: "nonce",
  codeVerifier: "a-verifier-of-at-least-forty-three-characters-is-wanted",
  next: "/",
};

function provider(kind: "oidc" | "oauth", settings: Record<string, string>): IdentityProvider {
  return {
    id: "idp",
    organizationId: "default" as OrganizationId,
    kind,
    name: "Company",
    settings: { client_id: "weir", ...settings },
    roleByGroup: {},
    defaultRole: null,
    createdAt: new Date(),
  };
}

const at = (host: string, path: string) => `http://${host}:${port}/${path}`;
const oauth = (tokenHost: string, userinfoHost: string) =>
  provider("oauth", {
    authorization_url: "https://login.example/authorize",
    token_url: at(tokenHost, "token"),
    userinfo_url: at(userinfoHost, "me"),
  });

for (const [name, wanted, asked] of [
  ["a token address inside", () => oauth("127.0.0.2", "127.0.0.1"), []],
  ["a place inside that tells who somebody is", () => oauth("127.0.0.1", "127.0.0.2"), ["/token"]],
  ["an issuer inside", () => provider("oidc", { issuer: at("127.0.0.2", "x") }), []],
  [
    "an issuer whose metadata name a token address inside",
    () => provider("oidc", { issuer: at("127.0.0.1", "127.0.0.2") }),
    ["/127.0.0.2/.well-known/openid-configuration"],
  ],
  [
    "an issuer whose metadata name a name that leads inside",
    () => provider("oidc", { issuer: at("127.0.0.1", "inside.example") }),
    ["/inside.example/.well-known/openid-configuration"],
  ],
] as const) {
  test(`${name} ends the sign-in`, async () => {
    seen.length = 0;
    const callback = new URL("https://weir.example/callback?code=c&state=the-attempt");
    const parts = { provider: wanted(), secret: "s", fetch: guarded.fetch };
    const finish = async () => (await openOauthFlow(parts)).finish(attempt, callback);
    await assert.rejects(finish, (thrown: Error & { code?: string }) => reasons(thrown).includes("ADDRESS_FORBIDDEN"));
    assert.deepEqual(seen, asked);
  });
}

function reasons(thrown: unknown): unknown[] {
  const { code, cause } = thrown as { code?: string; cause?: unknown };
  return cause === undefined ? [code] : [code, ...reasons(cause)];
}
