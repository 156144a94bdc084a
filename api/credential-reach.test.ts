import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defaultOrganizationId, type User } from "@weir/catalog";
import { defaultProjectId, type MemberRole, type OrganizationId, type ProjectId } from "@weir/model";
import { type Answer, startTestApi, type TestApi } from "./testing.ts";

/** How far a credential reaches, and that nobody lifts somebody above themselves by a detour. */

const sameOrigin = { "sec-fetch-site": "same-origin", "content-type": "application/json" };

let api: TestApi;
let rival: OrganizationId;
let theirs: ProjectId;
before(async () => {
  api = await startTestApi();
  rival = (await api.catalog.organizations.create({ name: "Rival", id: "rival" })).id;
  theirs = (await api.catalog.createProject({ name: "Theirs", id: "theirs", organizationId: rival })).id;
});
after(() => api[Symbol.asyncDispose]());

async function invited(email: string, organizationId: OrganizationId, role: MemberRole | null): Promise<User> {
  const { token } = await api.catalog.invitations.create({ organizationId, email, role });
  return api.catalog.invitations.accept(token, { name: "", passwordHash: "none" });
}

async function cookieOf(user: User, organizationId?: OrganizationId): Promise<Record<string, string>> {
  const method = organizationId === undefined ? "password" : "sso";
  const { secret } = await api.catalog.createSession({ userId: user.id, method, organizationId });
  return { cookie: `weir_session=${secret}`, ...sameOrigin };
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

function as(headers: Record<string, string>) {
  return (method: Method, url: string, body?: object): Promise<Answer> =>
    api.ask(url, { method, headers, ...(body !== undefined && { payload: JSON.stringify(body) }) });
}

const idsOf = ({ body }: Answer): string[] => body.data.map(({ id }: { id: string }) => id).sort();

describe("a session of one organisation's single sign-on, whose user belongs to another as well", () => {
  let user: User;
  let signedOn: ReturnType<typeof as>;
  before(async () => {
    user = await invited("both@example.com", defaultOrganizationId, "owner");
    const { token } = await api.catalog.invitations.create({
      organizationId: rival,
      email: user.email,
      role: "owner",
    });
    await api.catalog.invitations.accept(token, { user });
    signedOn = as(await cookieOf(user, defaultOrganizationId));
  });

  test("makes no key that reaches the other", async () => {
    const refused = await signedOn("POST", "/api/v1/auth/keys", { name: "k", project_id: theirs });
    assert.equal(refused.status, 404);
    const { body } = await signedOn("POST", "/api/v1/auth/keys", { name: "k", project_id: defaultProjectId });
    const byKey = as({ "x-weir-key": body.secret });
    assert.deepEqual(idsOf(await byKey("GET", "/api/v1/projects")), ["default", "other"]);
    assert.deepEqual(idsOf(await byKey("GET", "/api/v1/organizations")), ["default"]);
    assert.equal((await byKey("GET", `/api/v1/calls?project_id=${theirs}`)).status, 404);
    assert.equal((await byKey("GET", `/api/v1/keys?project_id=${theirs}`)).status, 404);
    assert.equal((await byKey("GET", `/api/v1/audit?organization_id=${rival}`)).status, 403);
  });

  test("sees and ends no key and no session of the other", async () => {
    const key = await api.catalog.createApiKey({ projectId: theirs, userId: user.id, name: "there" });
    const elsewhere = await api.catalog.createSession({ userId: user.id, method: "password" });
    assert.equal(idsOf(await signedOn("GET", "/api/v1/auth/keys")).includes(key.id), false);
    assert.equal((await signedOn("DELETE", `/api/v1/auth/keys/${key.id}`)).status, 404);
    assert.ok(api.catalog.current().apiKey(key.secret));
    assert.equal(idsOf(await signedOn("GET", "/api/v1/auth/sessions")).includes(elsewhere.id), false);
    assert.equal((await signedOn("DELETE", `/api/v1/auth/sessions/${elsewhere.id}`)).status, 404);
    assert.ok(await api.catalog.sessionBySecret(elsewhere.secret));
    const byPassword = as(await cookieOf(user));
    assert.equal(idsOf(await byPassword("GET", "/api/v1/auth/keys")).includes(key.id), true);
    assert.equal((await byPassword("DELETE", `/api/v1/auth/sessions/${elsewhere.id}`)).status, 204);
  });

  test("its access token reaches no further", async () => {
    const { body } = await signedOn("POST", "/api/v1/auth/token");
    const byToken = as({ authorization: `Bearer ${body.access_token}` });
    assert.equal((await byToken("GET", `/api/v1/calls?project_id=${theirs}`)).status, 404);
    assert.deepEqual(idsOf(await byToken("GET", "/api/v1/organizations")), ["default"]);
  });
});

test("a personal key may do no more than its holder's role, at the gateway and the receivers too", async () => {
  const scopesOf = async (role: MemberRole) => {
    const { id } = await invited(`${role}s-key@example.com`, defaultOrganizationId, role);
    const key = await api.catalog.createApiKey({ projectId: defaultProjectId, userId: id, name: role });
    return api.catalog.current().apiKey(key.secret)?.scopes;
  };
  assert.deepEqual(await scopesOf("viewer"), ["query"]);
  assert.deepEqual(await scopesOf("member"), ["ingest", "query", "gateway"]);
  assert.deepEqual(await scopesOf("admin"), ["ingest", "query", "gateway", "manage"]);
});

describe("an admin, beside whom a project has an owner of its own", () => {
  const organization = `/api/v1/organizations/${defaultOrganizationId}`;
  let admin: ReturnType<typeof as>;
  let owner: ReturnType<typeof as>;
  let adminId: string;
  let above: User;
  before(async () => {
    const user = await invited("admin@example.com", defaultOrganizationId, "admin");
    adminId = user.id;
    admin = as(await cookieOf(user));
    owner = as(await cookieOf(await invited("owner@example.com", defaultOrganizationId, "owner")));
    above = await invited("above@example.com", defaultOrganizationId, null);
    await api.catalog.members.setProjectRole(api.other, { user: above.id }, "owner");
  });

  test("does not come to that role by a team", async () => {
    const team = await api.catalog.teams.create(defaultOrganizationId, "Owners of other");
    await api.catalog.members.setProjectRole(api.other, { team: team.id }, "owner");
    const seat = `${organization}/teams/${team.id}/members/${adminId}`;
    assert.equal((await admin("PUT", seat)).status, 403);
    assert.equal((await owner("PUT", seat)).status, 204);
    assert.equal((await admin("DELETE", seat)).status, 403);
    assert.equal((await admin("DELETE", `${organization}/teams/${team.id}`)).status, 403);
    assert.equal((await owner("DELETE", seat)).status, 204);
    const modest = await api.catalog.teams.create(defaultOrganizationId, "Admins of other");
    await api.catalog.members.setProjectRole(api.other, { team: modest.id }, "admin");
    assert.equal((await admin("PUT", `${organization}/teams/${modest.id}/members/${adminId}`)).status, 204);
  });

  test("neither resets the owner's password nor sends them away", async () => {
    const member = `${organization}/members/${above.id}`;
    assert.equal((await admin("POST", `${member}/password-reset`)).status, 403);
    assert.equal((await admin("DELETE", member)).status, 403);
    assert.equal((await owner("POST", `${member}/password-reset`)).status, 201);
  });
});

test("the id of a project that is gone is never another organisation's, and may be its own again", async () => {
  const owner = as({ authorization: `Bearer ${api.keys.owner}`, "content-type": "application/json" });
  const make = (organization_id: string, body: object) =>
    owner("POST", "/api/v1/projects", { organization_id, ...body });
  assert.equal((await make("default", { name: "Shop", id: "shop" })).status, 201);
  const taken = await make("rival", { name: "Shop", id: "shop" });
  assert.equal((await owner("DELETE", "/api/v1/projects/shop")).status, 202);
  const gone = await make("rival", { name: "Shop", id: "shop" });
  assert.deepEqual([taken.status, gone.status], [409, 409]);
  assert.equal(gone.body.error.message, taken.body.error.message);
  assert.match((await make("rival", { name: "Shop" })).body.id, /^shop-[0-9a-f]{8}$/);
  assert.equal((await make("default", { name: "Shop", id: "shop" })).status, 201);
});
