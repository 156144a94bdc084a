import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { defaultOrganizationId, type User } from "@weir/catalog";
import { defaultProjectId, keyScopes, type MemberRole, type OrganizationId, userId } from "@weir/model";
import type { InjectOptions } from "fastify";
import { startTestApi, type TestApi } from "./testing.ts";

/**
 * Who may call which route: every route of the OpenAPI document, asked by everybody below, against a table written by
 * hand. The requests are about the organisation and the project `default`.
 */

const unknown = ["nobody", "wrongKey", "expiredKey", "revokedKey", "endedSession"] as const;
const people = ["owner", "admin", "member", "viewer", "guest"] as const;
const projectKeys = ["ingestKey", "queryKey", "gatewayKey", "manageKey"] as const;
/** Personal keys with every scope. */
const personalKeys = ["adminsKey", "viewersKey"] as const;
/** Of another organisation, where they may do everything. */
const strangers = ["rivalOwner", "rivalKey", "rivalPersonalKey"] as const;
type CallerName =
  | "machine"
  | (typeof unknown | typeof people | typeof projectKeys | typeof personalKeys | typeof strangers)[number];
const everybody: readonly CallerName[] = [
  "machine",
  ...unknown,
  ...people,
  ...projectKeys,
  ...personalKeys,
  ...strangers,
];

const known: readonly CallerName[] = ["machine", ...people, ...projectKeys, ...personalKeys, ...strangers];
const persons: readonly CallerName[] = ["machine", ...people, "rivalOwner"];
const accounts: readonly CallerName[] = [...people, "rivalOwner"];
const readers: readonly CallerName[] = ["machine", ...people, "queryKey", ...personalKeys];
const seesProject: readonly CallerName[] = ["machine", ...people];
const members: readonly CallerName[] = ["machine", "owner", "admin", "member", "viewer"];
const admins: readonly CallerName[] = ["machine", "owner", "admin"];
const owners: readonly CallerName[] = ["machine", "owner"];
const managers: readonly CallerName[] = [...admins, "manageKey", "adminsKey"];
const auditors: readonly CallerName[] = [...admins, "adminsKey"];
const machine: readonly CallerName[] = ["machine"];

interface Expectation {
  readonly may: readonly CallerName[];
  readonly body?: object | (() => Promise<object>);
  readonly query?: string;
}

const inProject = { query: "project_id=default" };
const trace = "0".repeat(31).concat("1");

/** Ids that stand for nothing: who may ask is told so, and nothing is changed for the next one. */
const ids: Record<string, string> = {
  project_id: "default",
  part: "settings",
  organization_id: "default",
  trace_id: trace,
  span_id: "0000000000000001",
  name: "nothing",
  deletion_id: `del_${"0".repeat(20)}`,
  key_id: "key_nothing",
  connection_id: "con_nothing",
  user_id: "usr_nothing",
  team_id: "team_nothing",
  invitation_id: "inv_nothing",
  session_id: "ses_nothing",
  provider_id: "idp_nothing",
};

let api: TestApi;
let counter = 0;
const unique = (what: string) => `${what}-${++counter}`;

const expected: Record<string, Expectation> = {
  "GET /api/v1/calls": { may: readers, ...inProject },
  "GET /api/v1/calls/{span_id}": { may: readers, ...inProject },
  "GET /api/v1/traces": { may: readers, ...inProject },
  "GET /api/v1/traces/{trace_id}": { may: readers, ...inProject },
  "POST /api/v1/traces/search": { may: readers, body: { project_id: "default" } },
  "POST /api/v1/query": { may: readers, body: { project_id: "default", select: ["count"] } },
  "GET /api/v1/logs": { may: readers, ...inProject },
  "POST /api/v1/logs/query": { may: readers, body: { project_id: "default" } },
  "GET /api/v1/metrics": { may: readers, ...inProject },
  "GET /api/v1/metrics/{name}": { may: readers, ...inProject },
  "POST /api/v1/metrics/query": {
    may: readers,
    body: { project_id: "default", name: "nothing", aggregation: "sum" },
  },
  "GET /api/v1/metrics/summary": { may: readers, ...inProject },
  "GET /api/v1/metrics/timeseries": { may: readers, ...inProject },
  "GET /api/v1/metrics/heatmap": { may: readers, ...inProject },
  "GET /api/v1/metrics/breakdown": { may: readers, query: "project_id=default&by=model" },
  "GET /api/v1/live": { may: readers, ...inProject },

  "GET /api/v1/projects": { may: known },
  "POST /api/v1/projects": {
    may: admins,
    body: async () => ({ name: unique("made"), organization_id: "default" }),
  },
  "PATCH /api/v1/projects/{project_id}": { may: admins, body: {} },
  "DELETE /api/v1/projects/{project_id}": { may: owners },
  "GET /api/v1/projects/{project_id}/roles": { may: seesProject },
  "PUT /api/v1/projects/{project_id}/users/{user_id}": { may: admins, body: { role: "viewer" } },
  "DELETE /api/v1/projects/{project_id}/users/{user_id}": { may: admins },
  "PUT /api/v1/projects/{project_id}/teams/{team_id}": { may: admins, body: { role: "viewer" } },
  "DELETE /api/v1/projects/{project_id}/teams/{team_id}": { may: admins },
  "GET /api/v1/projects/{project_id}/export/{part}": { may: admins },
  "POST /api/v1/deletions": { may: managers, body: { project_id: "default", trace_id: trace } },
  "GET /api/v1/deletions/{deletion_id}": { may: managers, ...inProject },
  "GET /api/v1/keys": { may: managers, ...inProject },
  "POST /api/v1/keys": { may: managers, body: { name: "k", project_id: "default" } },
  "DELETE /api/v1/keys/{key_id}": { may: managers, ...inProject },
  "GET /api/v1/connections": { may: managers, ...inProject },
  "POST /api/v1/connections": {
    may: managers,
    body: { provider: "openai", secret: "sk-x", project_id: "default" },
  },
  "DELETE /api/v1/connections/{connection_id}": { may: managers, ...inProject },

  "GET /api/v1/organizations": { may: known },
  "POST /api/v1/organizations": { may: machine, body: { name: "Made" } },
  "GET /api/v1/organizations/{organization_id}": { may: members },
  "PATCH /api/v1/organizations/{organization_id}": { may: owners, body: {} },
  "DELETE /api/v1/organizations/{organization_id}": { may: owners },
  "GET /api/v1/organizations/{organization_id}/members": { may: members },
  "PATCH /api/v1/organizations/{organization_id}/members/{user_id}": { may: admins, body: { role: "viewer" } },
  "DELETE /api/v1/organizations/{organization_id}/members/{user_id}": { may: admins },
  "POST /api/v1/organizations/{organization_id}/members/{user_id}/password-reset": { may: admins },
  "GET /api/v1/organizations/{organization_id}/invitations": { may: admins },
  "POST /api/v1/organizations/{organization_id}/invitations": {
    may: admins,
    body: async () => ({ email: `${unique("invited")}@example.com`, role: "viewer" }),
  },
  "DELETE /api/v1/organizations/{organization_id}/invitations/{invitation_id}": { may: admins },
  "GET /api/v1/organizations/{organization_id}/teams": { may: members },
  "POST /api/v1/organizations/{organization_id}/teams": {
    may: admins,
    body: async () => ({ name: unique("team") }),
  },
  "PATCH /api/v1/organizations/{organization_id}/teams/{team_id}": { may: admins, body: { name: "x" } },
  "DELETE /api/v1/organizations/{organization_id}/teams/{team_id}": { may: admins },
  "PUT /api/v1/organizations/{organization_id}/teams/{team_id}/members/{user_id}": { may: admins },
  "DELETE /api/v1/organizations/{organization_id}/teams/{team_id}/members/{user_id}": { may: admins },
  "GET /api/v1/organizations/{organization_id}/identity-providers": { may: owners },
  "POST /api/v1/organizations/{organization_id}/identity-providers": {
    may: owners,
    body: {
      kind: "oidc",
      name: "Provider",
      settings: { issuer: "https://login.example.com", client_id: "weir" },
      client_secret: "planted",
    },
  },
  "DELETE /api/v1/organizations/{organization_id}/identity-providers/{provider_id}": { may: owners },
  "GET /api/v1/audit": { may: auditors, query: "organization_id=default" },
  "GET /api/v1/audit/export": { may: auditors, query: "organization_id=default" },
  "GET /api/v1/audit/verification": { may: machine },

  "POST /api/v1/auth/login": { may: everybody, body: { email: "ana@example.com", password: "correct horse" } },
  "POST /api/v1/auth/redeem": {
    may: everybody,
    body: async () => ({ token: (await api.catalog.createSignInLink()).token }),
  },
  "POST /api/v1/auth/logout": { may: everybody },
  "POST /api/v1/auth/invitations/open": { may: everybody, body: { token: "no such token" } },
  "POST /api/v1/auth/invitations/accept": { may: everybody, body: { token: "no such token" } },
  "POST /api/v1/auth/password-reset": {
    may: everybody,
    body: { token: "no such token", password: "a fine new password" },
  },
  "POST /api/v1/auth/token": { may: accounts },
  "POST /api/v1/auth/links": { may: machine },
  "POST /api/v1/auth/password-reset-links": { may: machine, body: { email: "nobody@example.com" } },
  "GET /api/v1/auth/me": { may: known },
  "PATCH /api/v1/auth/me": { may: accounts, body: { name: "Name" } },
  "POST /api/v1/auth/password": { may: accounts, body: { current: "x", password: "aaaaaaaaaaaa" } },
  "GET /api/v1/auth/sessions": { may: persons },
  "DELETE /api/v1/auth/sessions/{session_id}": { may: persons },
  "GET /api/v1/auth/keys": { may: persons },
  "POST /api/v1/auth/keys": { may: people, body: { name: "mine", project_id: "default" } },
  "DELETE /api/v1/auth/keys/{key_id}": { may: persons },
  "GET /api/v1/auth/options": { may: everybody },
  "GET /api/v1/auth/sso/{provider_id}": { may: everybody },
  "GET /api/v1/auth/sso/{provider_id}/callback": { may: everybody },
  "GET /api/v1/auth/sso/{provider_id}/finish": { may: everybody, query: "token=no-such-token" },
  "GET /api/v1/auth/sso/{provider_id}/metadata": { may: everybody },
  "POST /api/v1/auth/sso/{provider_id}/saml": { may: everybody, body: { SAMLResponse: "x", RelayState: "y" } },
  "POST /api/v1/secrets/rotate": { may: machine },
  "GET /api/v1/storage": { may: machine },
  "GET /api/v1/install": { may: known },
};

/** Routes that are for one person or one machine say so to strangers, instead of hiding what they are about. */
const hidesNothing = /^\w+ \/api\/v1\/(auth\/(?!keys)|audit\/verification$|organizations$|secrets\/|storage$)/;

/** What no key of another organisation may do anywhere is forbidden, whatever it is about. */
const isAboutPeople = /^\w+ \/api\/v1\/(auth\/|organizations|audit|projects$|secrets\/|storage$)/;

type Outcome = "let in" | "unauthenticated" | "forbidden" | "hidden";

function expectedOutcome(route: string, { may }: Expectation, caller: CallerName): Outcome {
  if (may.includes(caller)) return "let in";
  if (unknown.some((name) => name === caller)) return "unauthenticated";
  if (caller === "rivalOwner" && !hidesNothing.test(route)) return "hidden";
  if (caller === "rivalPersonalKey" && !isAboutPeople.test(route)) return "hidden";
  return "forbidden";
}

const sameOrigin = { "sec-fetch-site": "same-origin" };
const headersOf = new Map<CallerName, () => Promise<Record<string, string>>>();

async function addUser(email: string, organization: OrganizationId, role: MemberRole | null): Promise<User> {
  const { token } = await api.catalog.invitations.create({ organizationId: organization, email, role });
  return api.catalog.invitations.accept(token, { name: "", passwordHash: "none" });
}

function addSession(name: CallerName, user: User): void {
  headersOf.set(name, async () => {
    const { secret } = await api.catalog.createSession({ userId: user.id, method: "password" });
    return { cookie: `weir_session=${secret}`, ...sameOrigin };
  });
}

function addKey(name: CallerName, secret: string): void {
  headersOf.set(name, async () => ({ authorization: `Bearer ${secret}` }));
}

before(async () => {
  api = await startTestApi();
  const { catalog } = api;
  const users = new Map<CallerName, User>();
  for (const role of ["owner", "admin", "member", "viewer"] as const) {
    users.set(role, await addUser(`${role}@example.com`, defaultOrganizationId, role));
  }
  const guest = await addUser("guest@example.com", defaultOrganizationId, null);
  await catalog.members.setProjectRole(defaultProjectId, { user: guest.id }, "viewer");
  users.set("guest", guest);
  const rival = await catalog.organizations.create({ name: "Rival", id: "rival" });
  const rivalOwner = await addUser("boss@rival.example", rival.id, "owner");
  users.set("rivalOwner", rivalOwner);
  const theirs = await catalog.createProject({ name: "Theirs", id: "theirs", organizationId: rival.id });
  for (const [name, user] of users) addSession(name, user);

  const projectId = defaultProjectId;
  for (const scope of keyScopes) {
    addKey(`${scope}Key`, (await catalog.createApiKey({ projectId, name: scope, scopes: [scope] })).secret);
  }
  const personal = async (name: CallerName, holder: CallerName, project = projectId) => {
    const { id } = users.get(holder) ?? { id: userId("nobody") };
    addKey(name, (await catalog.createApiKey({ projectId: project, userId: id, name })).secret);
  };
  await personal("adminsKey", "admin");
  await personal("viewersKey", "viewer");
  await personal("rivalPersonalKey", "rivalOwner", theirs.id);
  addKey("rivalKey", (await catalog.createApiKey({ projectId: theirs.id, name: "rival" })).secret);
  addKey("wrongKey", "weir_no_such_key");
  const expiresAt = new Date(Date.now() - 1000);
  addKey("expiredKey", (await catalog.createApiKey({ projectId, name: "expired", expiresAt })).secret);
  const revoked = await catalog.createApiKey({ projectId, name: "revoked" });
  await catalog.revokeApiKey(projectId, revoked.id);
  addKey("revokedKey", revoked.secret);
  headersOf.set("nobody", async () => ({}));
  addKey("machine", api.keys.owner);
  headersOf.set("endedSession", async () => {
    const { secret } = await catalog.createSession({ userId: users.get("owner")?.id ?? null, method: "password" });
    await catalog.endSession(secret);
    return { cookie: `weir_session=${secret}`, ...sameOrigin };
  });
});
after(() => api[Symbol.asyncDispose]());

async function ask(
  route: string,
  { body, query }: Expectation,
  caller: CallerName,
): Promise<{ status: number; text: string }> {
  const [method = "", path = ""] = route.split(" ");
  const url = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? `no-example-of-${name}`);
  const payload = typeof body === "function" ? await body() : body;
  const headers = (await headersOf.get(caller)?.()) ?? {};
  const response = await api.server.inject({
    method: method as NonNullable<InjectOptions["method"]>,
    url: query === undefined ? url : `${url}?${query}`,
    headers: payload === undefined ? headers : { ...headers, "content-type": "application/json" },
    ...(payload !== undefined && { payload: JSON.stringify(payload) }),
    payloadAsStream: true,
  });
  const stream = response.stream();
  if (String(response.headers["content-type"]).startsWith("text/event-stream")) {
    stream.destroy();
    return { status: response.statusCode, text: "" };
  }
  let text = "";
  for await (const chunk of stream) text += chunk;
  return { status: response.statusCode, text };
}

function outcomeOf(status: number, text: string): Outcome {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  return status === 404 && /There is no project|There is no such organisation/.test(text) ? "hidden" : "let in";
}

function routesOf(document: { paths: Record<string, Record<string, unknown>> }): string[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

test("every route of the description lets in whom the table says, and nobody else", async (context) => {
  const { body: document } = await api.ask("/api/openapi.json");
  const faults: string[] = [];
  let requestCount = 0;
  for (const route of routesOf(document)) {
    const expectation = expected[route];
    if (expectation === undefined) {
      faults.push(`${route}: say in this test's table who may call it`);
      continue;
    }
    for (const caller of everybody) {
      const { status, text } = await ask(route, expectation, caller);
      requestCount += 1;
      const outcome = outcomeOf(status, text);
      const wanted = expectedOutcome(route, expectation, caller);
      if (outcome !== wanted || status >= 500) {
        faults.push(`${route} by ${caller}: ${outcome} (${status}) instead of ${wanted}: ${text.slice(0, 160)}`);
      }
    }
  }
  context.diagnostic(`${requestCount} requests to ${routesOf(document).length} routes`);
  assert.deepEqual(faults, []);
});

test("lists that anybody may ask for hold the caller's own alone", async () => {
  const seen = async (url: string, caller: CallerName) => {
    const headers = (await headersOf.get(caller)?.()) ?? {};
    const { body } = await api.ask(url, { headers });
    return body.data.map(({ id }: { id: string }) => id).sort();
  };
  for (const caller of ["rivalOwner", "rivalKey", "rivalPersonalKey"] as const) {
    assert.deepEqual(await seen("/api/v1/projects", caller), ["theirs"], caller);
  }
  assert.deepEqual(await seen("/api/v1/projects", "guest"), ["default"]);
  assert.deepEqual(await seen("/api/v1/projects", "queryKey"), ["default"]);
  assert.deepEqual(await seen("/api/v1/organizations", "rivalOwner"), ["rival"]);
  assert.deepEqual(await seen("/api/v1/organizations", "queryKey"), []);
  assert.deepEqual(await seen("/api/v1/organizations", "guest"), ["default"]);
});
