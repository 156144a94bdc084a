import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { defaultOrganizationId } from "@weir/catalog";
import type { OrganizationId } from "@weir/model";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api[Symbol.asyncDispose]());

const oidc = (issuer: string) => ({ kind: "oidc", settings: { issuer, client_id: "weir" } });
const oauth = (urls: Record<string, string>) => ({
  kind: "oauth",
  settings: {
    authorization_url: "https://login.example.com/a",
    token_url: "https://login.example.com/t",
    userinfo_url: "https://login.example.com/u",
    client_id: "weir",
    ...urls,
  },
});

for (const [name, body, status, code] of [
  ["an issuer outside", oidc("https://login.example.com"), 201, undefined],
  ["an issuer in a range that is allowed", oidc("https://10.1.2.3"), 201, undefined],
  ["an issuer inside", oidc("https://192.168.1.10/realms/x"), 403, "ADDRESS_FORBIDDEN"],
  ["an issuer on this machine", oidc("http://localhost:8080"), 403, "ADDRESS_FORBIDDEN"],
  ["a cloud's metadata", oidc("https://169.254.169.254"), 403, "ADDRESS_FORBIDDEN"],
  ["an issuer without encryption", oidc("http://login.example.com"), 400, "BAD_REQUEST"],
  ["a token address inside", oauth({ token_url: "https://10.0.0.1/t" }), 403, "ADDRESS_FORBIDDEN"],
  ["a place inside that tells who", oauth({ userinfo_url: "https://[fd00::1]/u" }), 403, "ADDRESS_FORBIDDEN"],
  ["a page inside, which browsers open", oauth({ authorization_url: "https://10.0.0.1/a" }), 201, undefined],
] as const) {
  test(`${name}: ${status}`, async () => {
    const answer = await api.ask("/api/v1/organizations/default/identity-providers", {
      method: "POST",
      headers: { authorization: `Bearer ${api.keys.owner}` },
      payload: { name: "Company", ...body },
    });
    assert.deepEqual([answer.status, answer.body.error?.code], [status, code]);
  });
}

test("strangers see the providers of the one organisation that has some, else only of the one that they name", async () => {
  await using fresh = await startTestApi();
  const add = (organizationId: OrganizationId, name: string) =>
    fresh.catalog.identityProviders.create({
      ...({ kind: "oidc", settings: {}, roleByGroup: {}, defaultRole: null } as const),
      ...{ organizationId, name },
    });
  const offered = async (query: string) => {
    const { body } = await fresh.ask(`/api/v1/auth/options${query}`, { headers: {} });
    return [body.needs_organization, body.providers.map(({ name }: { name: string }) => name)];
  };
  assert.deepEqual(await offered(""), [false, []]);
  await add(defaultOrganizationId, "Ours");
  assert.deepEqual(await offered(""), [false, ["Ours"]]);
  const { id } = await fresh.catalog.organizations.create({ name: "Rival", id: "rival" });
  await add(id, "Theirs");
  assert.deepEqual(await offered(""), [true, []]);
  assert.deepEqual(await offered("?organization=rival"), [false, ["Theirs"]]);
  assert.deepEqual(await offered("?organization=default"), [false, ["Ours"]]);
  assert.deepEqual(await offered("?organization=nobody"), [false, []]);
});
