import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { CodedError, defaultProjectId, type MemberRole, projectId, type Telemetry } from "@weir/model";
import { sql } from "kysely";
import { type Catalog, openCatalog } from "./catalog.ts";
import { type CatalogLocation, openDatabase } from "./database/database.ts";
import { migrate } from "./database/migrate.ts";
import { migrations } from "./database/migrations/index.ts";
import { openCatalogReader } from "./reading/reader.ts";
import { type Actor, systemActor } from "./records/audit.ts";
import { defaultOrganizationId } from "./records/projects.ts";
import type { User } from "./records/users.ts";
import { type MasterKeyPlace, parseGivenKeys } from "./secrets/key-ring.ts";

/** Gives the place of a new, empty catalog; the folder is the test's own. */
export type NewLocation = (folder: string) => Promise<CatalogLocation>;

const minuteMs = 60_000;
const telemetry: Telemetry = { emit() {} };

/** A catalog of its own for each test, and a clock to turn. */
class Fixture implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "weir-catalog-"));
  readonly secretKeyFile = join(this.folder, "secret.key");
  readonly location: CatalogLocation;
  now = Date.parse("2026-10-01T12:00:00Z");
  readonly #disposables = new AsyncDisposableStack();

  constructor(location: CatalogLocation) {
    this.location = location;
  }

  static async create(newLocation: NewLocation): Promise<Fixture> {
    const folder = mkdtempSync(join(tmpdir(), "weir-catalog-place-"));
    const fixture = new Fixture(await newLocation(folder));
    fixture.#disposables.defer(() => rmSync(folder, { recursive: true, force: true }));
    return fixture;
  }

  async catalog(given: Pick<MasterKeyPlace, "givenKeys"> = {}): Promise<Catalog> {
    const catalog = await openCatalog({
      ...this.location,
      ...given,
      secretKeyFile: this.secretKeyFile,
      telemetry,
      now: () => this.now,
    });
    await catalog.ensureInitial();
    return this.#disposables.use(catalog);
  }

  async reader(options: { cacheFile?: string } = {}) {
    const place = { ...this.location, secretKeyFile: this.secretKeyFile, ...options };
    return this.#disposables.use(await openCatalogReader({ ...place, telemetry, now: () => this.now }));
  }

  /** Everything that the database holds, as text. */
  async everything(): Promise<string> {
    await using database = openDatabase(this.location, telemetry);
    const tables = [
      "projects",
      "api_keys",
      "provider_connections",
      "users",
      "sessions",
      "sign_in_links",
      "password_resets",
      "invitations",
      "identity_providers",
      "sign_in_failures",
      "audit_entries",
    ] as const;
    const rows = [];
    for (const table of tables) rows.push(await database.connection.selectFrom(table).selectAll().execute());
    return JSON.stringify(rows);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disposables.disposeAsync();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Asks until there is an answer, a minute at most. */
export async function eventually<Result>(ask: () => Result | undefined | false): Promise<Result> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const answer = ask();
    if (answer !== undefined && answer !== false) return answer;
    assert.ok(performance.now() < deadline, "not within a minute");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What every database of the catalog must do. */
export function describeCatalog(name: string, newLocation: NewLocation): void {
  describe(name, () => {
    const withFixture = (title: string, run: (fixture: Fixture) => Promise<void>) =>
      test(title, async () => {
        await using fixture = await Fixture.create(newLocation);
        await run(fixture);
      });
    describeProjects(withFixture);
    describeKeys(withFixture);
    describeConnections(withFixture);
    describeSignIn(withFixture);
    describePeople(withFixture);
    describeAudit(withFixture);
    describeSchema(withFixture);
    describeReader(withFixture);
    describeKills(withFixture);
  });
}

type WithFixture = (title: string, run: (fixture: Fixture) => Promise<void>) => void;

const hasCode = (code: string) => (thrown: unknown) => thrown instanceof CodedError && thrown.code === code;

function describeProjects(withFixture: WithFixture): void {
  withFixture("starts with the default project, however often", async (fixture) => {
    const catalog = await fixture.catalog();
    await catalog.ensureInitial();
    assert.deepEqual(
      (await catalog.listProjects()).map(({ id }) => id),
      ["default"],
    );
    assert.equal(catalog.current().project("default")?.organizationId, "default");
  });

  withFixture("makes a project's id from its name, and another when it is taken", async (fixture) => {
    const catalog = await fixture.catalog();
    assert.equal((await catalog.createProject({ name: "Crème brûlée (EU)" })).id, "creme-brulee-eu");
    assert.match((await catalog.createProject({ name: "Crème brûlée (EU)" })).id, /^creme-brulee-eu-[0-9a-f]{8}$/);
    assert.match((await catalog.createProject({ name: "日本" })).id, /^prj_/);
    await assert.rejects(catalog.createProject({ name: "x", id: "default" }), hasCode("CONFLICT"));
    await assert.rejects(catalog.createProject({ name: "x", id: "Not an id" }), hasCode("BAD_REQUEST"));
    await assert.rejects(catalog.createProject({ name: "x\0" }), hasCode("BAD_REQUEST"));
    await assert.rejects(catalog.signIn({ email: "x\0@example.com", password: "x" }), hasCode("BAD_REQUEST"));
  });

  withFixture("keeps how long a project's data lives, and shows it to readers", async (fixture) => {
    const catalog = await fixture.catalog();
    await using reader = await fixture.reader();
    const { id } = await catalog.createProject({ name: "Kept" });
    const nothing = { spansDays: null, contentDays: null, logsDays: null, metricPointsDays: null };
    assert.deepEqual(catalog.current().project(id)?.retention, nothing);
    const changed = await catalog.updateProject(id, { retention: { spansDays: 30, contentDays: 7 } });
    assert.deepEqual(changed?.retention, { ...nothing, spansDays: 30, contentDays: 7 });
    await catalog.updateProject(id, { name: "Renamed", retention: { spansDays: null } });
    const isSeen = () => reader.current().project(id)?.name === "Renamed";
    await eventually(isSeen);
    assert.deepEqual(reader.current().project(id)?.retention, { ...nothing, contentDays: 7 });
    assert.equal(await catalog.updateProject(projectId("nobody"), { name: "x" }), undefined);
  });

  withFixture("deletes a project with its keys and connections, and no other", async (fixture) => {
    const catalog = await fixture.catalog();
    const { id } = await catalog.createProject({ name: "Gone" });
    const gone = await catalog.createApiKey({ projectId: id, name: "k" });
    const kept = await catalog.createApiKey({ projectId: defaultProjectId, name: "k" });
    await catalog.createConnection({ projectId: id, provider: "openai", secret: "sk-1" });
    assert.equal(await catalog.deleteProject(id), true);
    assert.equal(await catalog.deleteProject(id), false);
    assert.equal(catalog.current().apiKey(gone.secret), undefined);
    assert.equal(catalog.current().apiKey(kept.secret)?.id, kept.id);
    assert.equal(catalog.current().connection(id, "openai"), undefined);
    assert.deepEqual(await catalog.listConnections(id), []);
  });
}

function describeKeys(withFixture: WithFixture): void {
  withFixture("shows a key's secret once and keeps its hash", async (fixture) => {
    const catalog = await fixture.catalog();
    const created = await catalog.createApiKey({ projectId: defaultProjectId, name: "app" });
    assert.match(created.secret, /^weir_[\w-]{43}$/);
    const [listed] = await catalog.listApiKeys(defaultProjectId);
    assert.equal(JSON.stringify(listed).includes(created.secret), false);
    assert.equal(listed?.mask, `weir_…${created.secret.slice(-4)}`);
    assert.equal((await fixture.everything()).includes(created.secret), false);
    assert.equal(catalog.current().apiKey(created.secret)?.projectId, "default");
    assert.equal(catalog.current().apiKey(`${created.secret}x`), undefined);
    assert.equal(catalog.current().apiKey(""), undefined);
  });

  withFixture("refuses revoked and expired keys", async (fixture) => {
    const catalog = await fixture.catalog();
    const expiresAt = new Date(fixture.now + minuteMs);
    const expiring = await catalog.createApiKey({ projectId: defaultProjectId, name: "e", expiresAt });
    const revoked = await catalog.createApiKey({ projectId: defaultProjectId, name: "r" });
    assert.equal(await catalog.revokeApiKey(projectId("other"), revoked.id), false);
    assert.equal(await catalog.revokeApiKey(defaultProjectId, revoked.id), true);
    assert.equal(catalog.current().apiKey(revoked.secret), undefined);
    assert.ok(catalog.current().apiKey(expiring.secret));
    fixture.now += minuteMs;
    assert.equal(catalog.current().apiKey(expiring.secret), undefined);
    await catalog.revokeApiKey(defaultProjectId, revoked.id);
    const revokedAt = (await catalog.listApiKeys(defaultProjectId)).find(({ id }) => id === revoked.id)?.revokedAt;
    assert.equal(revokedAt?.getTime(), fixture.now - minuteMs);
  });

  withFixture("has no key for a project that does not exist", async (fixture) => {
    const catalog = await fixture.catalog();
    const created = catalog.createApiKey({ projectId: projectId("nobody"), name: "k" });
    await assert.rejects(created, hasCode("NOT_FOUND"));
  });

  withFixture("takes a configured key, replaces it when it changes, and leaves it revoked", async (fixture) => {
    const catalog = await fixture.catalog();
    await catalog.ensureInitial({ initApiKey: "any text" });
    assert.equal(catalog.current().apiKey("any text")?.id, "key_initial");
    await catalog.ensureInitial({ initApiKey: "another text" });
    assert.equal(catalog.current().apiKey("any text"), undefined);
    await catalog.revokeApiKey(defaultProjectId, "key_initial");
    await catalog.ensureInitial({ initApiKey: "another text" });
    assert.equal(catalog.current().apiKey("another text"), undefined);
    await assert.rejects(catalog.ensureInitial({ initApiKey: "short" }), hasCode("CONFIG_INVALID"));
  });

  withFixture("writes last uses in batches, the latest for each key", async (fixture) => {
    const catalog = await fixture.catalog();
    const { id } = await catalog.createApiKey({ projectId: defaultProjectId, name: "k" });
    const { version } = catalog.current();
    catalog.recordKeyUse(id, new Date(2000));
    catalog.recordKeyUse(id, new Date(1000));
    catalog.recordKeyUse("key_unknown", new Date(1000));
    await catalog[Symbol.asyncDispose]();
    const again = await fixture.catalog();
    assert.equal((await again.listApiKeys(defaultProjectId))[0]?.lastUsedAt?.getTime(), 2000);
    assert.equal(again.current().version, version + 1, "only ensureInitial was a change");
  });
}

function describeConnections(withFixture: WithFixture): void {
  withFixture("seals a provider's key and opens it in memory", async (fixture) => {
    const catalog = await fixture.catalog();
    const connection = { projectId: defaultProjectId, provider: "openai", secret: "sk-secret", baseUrl: "http://a.b" };
    const created = await catalog.createConnection(connection);
    assert.equal("secret" in created, false);
    await assert.rejects(catalog.createConnection(connection), hasCode("CONFLICT"));
    assert.equal((await fixture.everything()).includes("sk-secret"), false);
    assert.deepEqual(catalog.current().connection(defaultProjectId, "openai"), {
      id: created.id,
      baseUrl: "http://a.b",
      secret: "sk-secret",
    });
    assert.equal(catalog.current().connection(projectId("other"), "openai"), undefined);
    assert.deepEqual(await catalog.listConnections(defaultProjectId), [created]);
    assert.equal(await catalog.deleteConnection(projectId("other"), created.id), false);
    assert.equal(await catalog.deleteConnection(defaultProjectId, created.id), true);
    assert.equal(catalog.current().connection(defaultProjectId, "openai"), undefined);
  });

  withFixture(
    "a new master key takes the old one's place, and one that was begun is finished at the next start",
    async (fixture) => {
      const catalog = await fixture.catalog();
      const reader = await fixture.reader();
      const secretIn = ({ current }: Pick<Catalog, "current">) =>
        current().connection(defaultProjectId, "openai")?.secret;
      await catalog.createConnection({ projectId: defaultProjectId, provider: "openai", secret: "sk-1" });
      const before = readFileSync(fixture.secretKeyFile, "utf8");
      assert.deepEqual(await catalog.rotateMasterKey(), { resealed: 1, unreadable: 0, givenBy: null });
      assert.notEqual(readFileSync(fixture.secretKeyFile, "utf8"), before);
      assert.equal(secretIn({ current: () => catalog.current() }), "sk-1");
      await eventually(() => secretIn({ current: () => reader.current() }) === "sk-1");
      await catalog.createConnection({ projectId: defaultProjectId, provider: "groq", secret: "sk-2" });
      writeFileSync(`${fixture.secretKeyFile}.next`, `${"A".repeat(43)}\n`, { mode: 0o600 });
      const again = await fixture.catalog();
      assert.equal(readFileSync(fixture.secretKeyFile, "utf8").trim(), "A".repeat(43));
      assert.equal(again.current().connection(defaultProjectId, "groq")?.secret, "sk-2");
      assert.equal(secretIn({ current: () => again.current() }), "sk-1");
    },
  );

  withFixture("given keys seal and open; a rotation leaves the older ones with nothing to open", async (fixture) => {
    const key = (fill: number) => Buffer.alloc(32, fill).toString("base64");
    const opened = (text: string) =>
      fixture.catalog({ givenKeys: text === "" ? undefined : parseGivenKeys(text, "WEIR_MASTER_KEY") });
    const secretOf = (catalog: Catalog) => catalog.current().connection(defaultProjectId, "openai")?.secret;
    const own = await opened("");
    await own.createConnection({ projectId: defaultProjectId, provider: "openai", secret: "sk-1" });
    const provider = { kind: "oidc", name: "Company", settings: {}, roleByGroup: {}, defaultRole: null } as const;
    const { id } = await own.identityProviders.create({
      ...provider,
      organizationId: defaultOrganizationId,
      secret: "cs-1",
    });
    const before = readFileSync(fixture.secretKeyFile, "utf8");
    const first = await opened(key(1));
    assert.equal(secretOf(first), "sk-1", "what Weir's own key sealed");
    const given = { unreadable: 0, givenBy: "WEIR_MASTER_KEY" };
    assert.deepEqual(await first.rotateMasterKey(), { resealed: 2, ...given });
    assert.deepEqual(await first.rotateMasterKey(), { resealed: 0, ...given });
    assert.equal(readFileSync(fixture.secretKeyFile, "utf8"), before);
    rmSync(fixture.secretKeyFile);
    const both = await opened(`${key(2)}\n${key(1)}\n`);
    assert.equal(secretOf(both), "sk-1");
    assert.deepEqual(await both.rotateMasterKey(), { resealed: 2, ...given });
    const second = await opened(key(2));
    assert.equal(secretOf(second), "sk-1");
    assert.equal((await second.identityProviders.byId(id))?.secret, "cs-1");
    assert.equal(secretOf(await opened(key(1))), undefined);
    assert.equal(existsSync(fixture.secretKeyFile), false, "no key is made beside a given one");
  });

  withFixture("does not open a secret whose row was tampered with", async (fixture) => {
    const catalog = await fixture.catalog();
    await catalog.createConnection({ projectId: defaultProjectId, provider: "openai", secret: "sk-secret" });
    await using database = openDatabase(fixture.location, telemetry);
    await database.change((transaction) =>
      transaction.updateTable("provider_connections").set({ base_url: "https://evil.example" }).execute(),
    );
    const reader = await fixture.reader();
    assert.equal(reader.current().connection(defaultProjectId, "openai"), undefined);
  });
}

function describeSignIn(withFixture: WithFixture): void {
  withFixture("a sign-in link works once, for 15 minutes, for one of many at once", async (fixture) => {
    const catalog = await fixture.catalog();
    const { token } = await catalog.createSignInLink();
    const redeemed = await Promise.all(Array.from({ length: 5 }, () => catalog.redeemSignInLink(token)));
    const sessions = redeemed.filter((session) => session !== undefined);
    assert.equal(sessions.length, 1);
    assert.equal((await catalog.sessionBySecret(sessions[0]?.secret ?? ""))?.user, null);
    const late = await catalog.createSignInLink();
    fixture.now += 15 * minuteMs;
    assert.equal(await catalog.redeemSignInLink(late.token), undefined);
    assert.equal(await catalog.redeemSignInLink("no such token"), undefined);
  });

  withFixture("a session lasts 30 days or until it is ended", async (fixture) => {
    const catalog = await fixture.catalog();
    const [ended, kept] = [await catalog.createSession(), await catalog.createSession()];
    await catalog.endSession(ended.secret);
    assert.equal(await catalog.sessionBySecret(ended.secret), undefined);
    assert.equal((await fixture.everything()).includes(kept.secret), false);
    fixture.now += 30 * 24 * 60 * minuteMs - 1;
    assert.ok(await catalog.sessionBySecret(kept.secret));
    fixture.now += 1;
    assert.equal(await catalog.sessionBySecret(kept.secret), undefined);
  });

  withFixture(
    "by single sign-on it lasts a day, and signing out works with the secret before the last one",
    async (fixture) => {
      const catalog = await fixture.catalog();
      const signedOn = { userId: null, organizationId: defaultOrganizationId, method: "sso" } as const;
      const { secret } = await catalog.createSession(signedOn);
      fixture.now += 24 * 60 * minuteMs - 1;
      assert.ok(await catalog.sessionBySecret(secret));
      fixture.now += 1;
      assert.equal(await catalog.sessionBySecret(secret), undefined);
      const other = await catalog.createSession();
      fixture.now += 24 * 60 * minuteMs;
      const session = await catalog.sessionBySecret(other.secret);
      const next = session === undefined ? undefined : await catalog.sessions.renew(session);
      assert.ok(next);
      await catalog.endSession(other.secret);
      assert.equal(await catalog.sessionBySecret(next), undefined);
    },
  );

  withFixture(
    "the administrator signs in with the configured password; a new one ends the sessions",
    async (fixture) => {
      const catalog = await fixture.catalog();
      await catalog.ensureInitial({ adminEmail: "Ann@Example.org", adminPassword: "first password" });
      const session = await catalog.signIn({ email: "ann@example.ORG ", password: "first password" });
      assert.equal((await catalog.sessionBySecret(session?.secret ?? ""))?.user?.email, "ann@example.org");
      assert.equal(await catalog.signIn({ email: "ann@example.org", password: "wrong" }), undefined);
      assert.equal(await catalog.signIn({ email: "bob@example.org", password: "first password" }), undefined);
      await catalog.ensureInitial({ adminEmail: "ann@example.org", adminPassword: "first password" });
      assert.ok(await catalog.sessionBySecret(session?.secret ?? ""));
      await catalog.ensureInitial({ adminEmail: "ann@example.org", adminPassword: "second password" });
      assert.equal(await catalog.sessionBySecret(session?.secret ?? ""), undefined);
      assert.equal((await fixture.everything()).includes('password"'), false);
      await assert.rejects(catalog.ensureInitial({ adminEmail: "x@y.z" }), hasCode("CONFIG_INVALID"));
    },
  );
}

/** Somebody new, with this role. */
async function invited(catalog: Catalog, email: string, role: MemberRole | null): Promise<User> {
  const { token } = await catalog.invitations.create({ organizationId: defaultOrganizationId, email, role });
  return catalog.invitations.accept(token, { name: "", passwordHash: "none" });
}

function describePeople(withFixture: WithFixture): void {
  withFixture("roles of organisation, project and team add up, and go with the membership", async (fixture) => {
    const catalog = await fixture.catalog();
    const project = await catalog.createProject({ name: "Shop" });
    await invited(catalog, "owner@example.com", "owner");
    const { id: user } = await invited(catalog, "guest@example.com", null);
    const roleOn = () => catalog.current().access(user).projectRole(project);
    assert.equal(roleOn(), undefined);
    await catalog.members.setProjectRole(project.id, { user }, "viewer");
    assert.equal(roleOn(), "viewer");
    const team = await catalog.teams.create(defaultOrganizationId, "Platform");
    await catalog.members.setProjectRole(project.id, { team: team.id }, "admin");
    await catalog.teams.addMember(defaultOrganizationId, team.id, user);
    assert.equal(roleOn(), "admin");
    const key = await catalog.createApiKey({ projectId: project.id, userId: user, name: "mine" });
    assert.equal(catalog.current().apiKey(key.secret)?.userId, user);
    await catalog.teams.removeMember(defaultOrganizationId, team.id, user);
    assert.equal(roleOn(), "viewer");
    await catalog.members.setRole(defaultOrganizationId, user, "member");
    assert.equal(roleOn(), "member");
    await catalog.members.remove(defaultOrganizationId, user);
    assert.equal(roleOn(), undefined);
    assert.equal(catalog.current().apiKey(key.secret), undefined);
  });

  withFixture("an organisation keeps an owner, whoever leaves at once", async (fixture) => {
    const catalog = await fixture.catalog();
    const owners = [await invited(catalog, "a@example.com", "owner"), await invited(catalog, "b@example.com", "owner")];
    const left = await Promise.allSettled(owners.map(({ id }) => catalog.members.remove(defaultOrganizationId, id)));
    assert.deepEqual(left.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const [last] = await catalog.members.list(defaultOrganizationId);
    assert.ok(last);
    await assert.rejects(catalog.members.setRole(defaultOrganizationId, last.userId, "admin"), hasCode("CONFLICT"));
  });

  withFixture("people and teams of one organisation get nothing in another", async (fixture) => {
    const catalog = await fixture.catalog();
    const other = await catalog.organizations.create({ name: "Other" });
    const theirs = await catalog.createProject({ name: "Theirs", organizationId: other.id });
    const { id: user } = await invited(catalog, "a@example.com", "owner");
    const team = await catalog.teams.create(defaultOrganizationId, "Ours");
    await assert.rejects(catalog.members.setProjectRole(theirs.id, { user }, "viewer"), hasCode("NOT_FOUND"));
    await assert.rejects(catalog.members.setProjectRole(theirs.id, { team: team.id }, "viewer"), hasCode("NOT_FOUND"));
    assert.equal(catalog.current().access(user).projectRole(theirs), undefined);
    await assert.rejects(catalog.organizations.delete(other.id), hasCode("CONFLICT"));
  });

  withFixture("an invitation works once, for its address alone", async (fixture) => {
    const catalog = await fixture.catalog();
    const wish = { organizationId: defaultOrganizationId, email: "New@Example.com", role: "viewer" as const };
    const { token } = await catalog.invitations.create(wish);
    const accepted = await Promise.allSettled(
      [1, 2, 3].map(() => catalog.invitations.accept(token, { name: "", passwordHash: "none" })),
    );
    assert.equal(accepted.filter(({ status }) => status === "fulfilled").length, 1);
    await assert.rejects(catalog.invitations.create(wish), hasCode("CONFLICT"));
    const other = await catalog.organizations.create({ name: "Other" });
    const again = await catalog.invitations.create({ ...wish, organizationId: other.id });
    const stranger = await invited(catalog, "stranger@example.com", "viewer");
    await assert.rejects(catalog.invitations.accept(again.token, { user: stranger }), hasCode("FORBIDDEN"));
    fixture.now += 8 * 24 * 60 * minuteMs;
    assert.equal(await catalog.invitations.byToken(again.token), undefined);
  });

  withFixture(
    "a membership that groups gave goes with the groups, but an organisation keeps its last owner",
    async (fixture) => {
      const catalog = await fixture.catalog();
      const settings = { settings: {}, roleByGroup: { leads: "owner" }, defaultRole: null } as const;
      const place = { organizationId: defaultOrganizationId, kind: "oidc", name: "Company" } as const;
      const provider = await catalog.identityProviders.create({ ...place, ...settings });
      const arrive = (subject: string, groups: readonly string[]) =>
        catalog.identityProviders.admit(provider, { subject, email: `${subject}@example.com`, name: "", groups });
      const members = async () => (await catalog.members.list(defaultOrganizationId)).map(({ email }) => email);
      await arrive("ann", ["leads"]);
      await assert.rejects(arrive("ann", []), hasCode("FORBIDDEN"));
      assert.deepEqual(await members(), ["ann@example.com"]);
      await arrive("bob", ["leads"]);
      await assert.rejects(arrive("ann", ["guests"]), hasCode("FORBIDDEN"));
      assert.deepEqual(await members(), ["bob@example.com"]);
      await assert.rejects(arrive("eve", ["guests"]), hasCode("FORBIDDEN"));
      assert.equal(await catalog.accounts.byEmail("eve@example.com"), undefined);
    },
  );

  withFixture("an open invitation goes with the membership of who made it, and no other's", async (fixture) => {
    const catalog = await fixture.catalog();
    const [left, stays] = [
      await invited(catalog, "a@example.com", "admin"),
      await invited(catalog, "b@example.com", "admin"),
    ];
    const invite = (by: User, email: string) =>
      catalog
        .actingAs({ ...systemActor, kind: "user", id: by.id, name: by.email })
        .invitations.create({ organizationId: defaultOrganizationId, email, role: "admin" });
    const theirs = await invite(left, "backdoor@example.com");
    const other = await invite(stays, "new@example.com");
    await catalog.members.remove(defaultOrganizationId, left.id);
    assert.equal(await catalog.invitations.byToken(theirs.token), undefined);
    assert.ok(await catalog.invitations.byToken(other.token));
  });

  withFixture("an account's holder alone accepts for it, whatever link others hold", async (fixture) => {
    const catalog = await fixture.catalog();
    await invited(catalog, "bob@example.com", "member");
    const { id: organizationId } = await catalog.organizations.create({ name: "Other" });
    const { token } = await catalog.invitations.create({ organizationId, email: "bob@example.com", role: "owner" });
    assert.equal((await catalog.invitations.byToken(token))?.hasAccount, true);
    const takeOver = catalog.invitations.accept(token, { name: "", passwordHash: "the attacker's" });
    await assert.rejects(takeOver, hasCode("FORBIDDEN"));
    assert.ok(await catalog.invitations.byToken(token), "a refused attempt does not spend the link");
  });

  withFixture(
    "wrong passwords are slowed down, for unknown accounts too, and forgotten after a right one",
    async (fixture) => {
      const catalog = await fixture.catalog();
      await catalog.ensureInitial({ adminEmail: "ann@example.org", adminPassword: "right password" });
      const wrong = (email: string) => catalog.signIn({ email, password: "wrong" });
      for (const email of ["ann@example.org", "nobody@example.org"]) {
        for (let attempt = 0; attempt < 5; attempt++) assert.equal(await wrong(email), undefined);
        await assert.rejects(wrong(email), hasCode("TOO_MANY_ATTEMPTS"));
      }
      const right = { email: "ann@example.org", password: "right password" };
      await assert.rejects(catalog.signIn(right), hasCode("TOO_MANY_ATTEMPTS"));
      fixture.now += 1000;
      assert.equal(await wrong("ann@example.org"), undefined);
      fixture.now += 1000;
      await assert.rejects(wrong("ann@example.org"), hasCode("TOO_MANY_ATTEMPTS"));
      fixture.now += 1000;
      assert.ok(await catalog.signIn(right));
      for (let attempt = 0; attempt < 4; attempt++) assert.equal(await wrong("ann@example.org"), undefined);
      assert.ok(await catalog.signIn(right));
    },
  );

  withFixture("many wrong passwords at once are as slow as one after another", async (fixture) => {
    const catalog = await fixture.catalog();
    const guesses = Array.from({ length: 30 }, (_, number) =>
      catalog.signIn({ email: "ann@example.org", password: `guess ${number}` }),
    );
    const outcomes = await Promise.allSettled(guesses);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 5);
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    assert.ok(refused.every(({ reason }) => hasCode("TOO_MANY_ATTEMPTS")(reason)));
  });

  withFixture("more sign-ins than can be looked at are refused before they count as failures", async (fixture) => {
    const catalog = await fixture.catalog();
    await catalog.ensureInitial({ adminEmail: "ann@example.org", adminPassword: "right password" });
    const others = Array.from({ length: 64 }, (_, number) =>
      catalog
        .actingAs({ ...systemActor, address: `10.0.0.${number}` })
        .signIn({ email: `${number}@x.example`, password: "x" }),
    );
    const right = { email: "ann@example.org", password: "right password" };
    for (let time = 0; time < 6; time++) await assert.rejects(catalog.signIn(right), hasCode("TOO_MANY_ATTEMPTS"));
    await Promise.all(others);
    assert.ok(await catalog.signIn(right));
  });

  withFixture("an address of IPv6 counts by its network, of which one host may take any", async (fixture) => {
    const catalog = await fixture.catalog();
    const wrong = (address: string, number: number) =>
      catalog.actingAs({ ...systemActor, address }).signIn({ email: `${number}@example.org`, password: "x" });
    for (let number = 0; number < 30; number++) await wrong(`2001:db8:1:2::${number.toString(16)}`, number);
    await assert.rejects(wrong("2001:db8:1:2:ffff::1", 30), hasCode("TOO_MANY_ATTEMPTS"));
    assert.equal(await wrong("2001:db8:1:3::1", 30), undefined);
  });

  withFixture("a session's secret changes daily; the old one is good for a moment", async (fixture) => {
    const catalog = await fixture.catalog();
    const { secret } = await catalog.createSession();
    const before = await catalog.sessionBySecret(secret);
    assert.ok(before);
    assert.equal(await catalog.sessions.renew(before), undefined);
    fixture.now += 25 * 60 * minuteMs;
    const renewed = await Promise.all([catalog.sessions.renew(before), catalog.sessions.renew(before)]);
    const next = renewed.find((each) => each !== undefined) ?? "";
    assert.equal(renewed.filter((each) => each !== undefined).length, 1);
    assert.equal((await catalog.sessionBySecret(secret))?.id, before.id);
    assert.equal((await catalog.sessionBySecret(next))?.id, before.id);
    fixture.now += minuteMs;
    assert.equal(await catalog.sessionBySecret(secret), undefined);
    assert.equal((await catalog.sessionBySecret(next))?.id, before.id);
    assert.equal(await catalog.sessions.end(null, before.id), true);
    assert.equal(await catalog.sessionBySecret(next), undefined);
  });

  withFixture("a reset link sets the password once, and ends every session", async (fixture) => {
    const catalog = await fixture.catalog();
    await catalog.ensureInitial({ adminEmail: "ann@example.org", adminPassword: "first password" });
    const session = await catalog.signIn({ email: "ann@example.org", password: "first password" });
    const user = await catalog.accounts.byEmail("ANN@example.org");
    assert.ok(user && session);
    const { token } = await catalog.accounts.createPasswordReset(user.id);
    await assert.rejects(catalog.accounts.resetPassword(token, "1234567890"), hasCode("BAD_REQUEST"));
    await catalog.accounts.resetPassword(token, "a second password");
    await assert.rejects(catalog.accounts.resetPassword(token, "a third password"), hasCode("NOT_FOUND"));
    assert.equal(await catalog.sessionBySecret(session.secret), undefined);
    assert.ok(await catalog.signIn({ email: "ann@example.org", password: "a second password" }));
    assert.equal((await fixture.everything()).includes(token), false);
  });
}

function describeAudit(withFixture: WithFixture): void {
  const ann: Actor = { kind: "user", id: "usr_ann", name: "ann@example.org", address: "10.0.0.7", userAgent: "curl" };

  withFixture("every change is in the audit log with who, what, before and after, and no secret", async (fixture) => {
    const catalog = (await fixture.catalog()).actingAs(ann);
    const { id } = await catalog.createProject({ name: "Shop" });
    const key = await catalog.createApiKey({ projectId: id, name: "k" });
    await catalog.revokeApiKey(id, key.id);
    const connection = await catalog.createConnection({ projectId: id, provider: "openai", secret: "sk-planted" });
    await catalog.deleteConnection(id, connection.id);
    await catalog.organizations.update(defaultOrganizationId, { name: "Renamed" });
    const user = await invited(catalog, "new@example.com", "viewer");
    await catalog.members.setRole(defaultOrganizationId, user.id, "admin");
    await catalog.deleteProject(id);
    const entries = await catalog.auditLog.list({ organizationId: defaultOrganizationId, limit: 100 });
    assert.deepEqual(
      entries.map(({ action }) => action),
      [
        "project.delete",
        "member.update",
        "invitation.accept",
        "invitation.create",
        "organization.update",
        "connection.delete",
        "connection.create",
        "key.revoke",
        "key.create",
        "project.create",
      ],
    );
    // Who accepts is known by the invitation, whoever was known when the request came.
    const actorOf = (action: string) => (action === "invitation.accept" ? user.id : "usr_ann");
    assert.ok(entries.every(({ actor, action }) => actor.id === actorOf(action) && actor.address === "10.0.0.7"));
    const update = entries.find(({ action }) => action === "member.update");
    assert.deepEqual([update?.before, update?.after], [{ role: "viewer" }, { role: "admin" }]);
    const text = JSON.stringify(entries);
    assert.equal(text.includes("sk-planted") || text.includes(key.secret), false);
  });

  withFixture(
    "a change that fails leaves no entry, and the search finds its own organisation's alone",
    async (fixture) => {
      const catalog = (await fixture.catalog()).actingAs(ann);
      await assert.rejects(catalog.createProject({ name: "x", id: "default" }), hasCode("CONFLICT"));
      const other = await catalog.organizations.create({ name: "Other" });
      await catalog.createProject({ name: "Shop 100%" });
      const list = (question: object) =>
        catalog.auditLog.list({ organizationId: defaultOrganizationId, limit: 10, ...question });
      assert.deepEqual(
        (await list({})).map(({ action }) => action),
        ["project.create"],
      );
      assert.equal((await list({ text: "SHOP 100%" })).length, 1);
      assert.equal((await list({ text: "shop_100" })).length, 0);
      assert.equal((await list({ actor: "ann@example.org", action: "project.create" })).length, 1);
      assert.equal((await list({ to: new Date(fixture.now) })).length, 0);
      assert.equal((await catalog.auditLog.list({ organizationId: other.id, limit: 10 })).length, 1);
    },
  );

  withFixture("entries cannot be changed or deleted, and the chain tells when one was", async (fixture) => {
    const catalog = await fixture.catalog();
    await Promise.all(["a", "b", "c", "d", "e"].map((id) => catalog.createProject({ name: id, id })));
    assert.equal(await catalog.auditLog.firstBroken(), undefined);
    await using database = openDatabase(fixture.location, telemetry);
    const change = () => sql`UPDATE audit_entries SET actor_name = 'somebody else' WHERE sequence = 3`;
    await assert.rejects(change().execute(database.connection));
    await assert.rejects(sql`DELETE FROM audit_entries WHERE sequence = 3`.execute(database.connection));
    const trigger = sql.raw(
      database.kind === "sqlite"
        ? "DROP TRIGGER audit_entries_are_never_changed"
        : "DROP TRIGGER audit_entries_are_never_changed ON audit_entries",
    );
    await trigger.execute(database.connection);
    await change().execute(database.connection);
    assert.equal(await catalog.auditLog.firstBroken(), 3);
  });
}

function describeSchema(withFixture: WithFixture): void {
  withFixture("refuses a schema from a newer Weir, and touches nothing", async (fixture) => {
    await (await fixture.catalog())[Symbol.asyncDispose]();
    const newer = { number: 99, name: "future", statements: ["CREATE TABLE future (id text)"] };
    await using database = openDatabase(fixture.location, telemetry);
    await migrate(database, [...migrations, newer], telemetry);
    await assert.rejects(fixture.catalog(), hasCode("SCHEMA_TOO_NEW"));
  });

  withFixture("a migration that fails leaves the schema as it was", async (fixture) => {
    await using database = openDatabase(fixture.location, telemetry);
    const broken = { number: 99, name: "broken", statements: ["CREATE TABLE half (id text)", "CREATE NONSENSE"] };
    await assert.rejects(migrate(database, [...migrations, broken], telemetry), hasCode("CATALOG_UNAVAILABLE"));
    await assert.rejects(sql`select * from half`.execute(database.connection));
    await assert.rejects(sql`select * from projects`.execute(database.connection));
    await migrate(database, migrations, telemetry);
    await sql`select * from projects`.execute(database.connection);
  });

  withFixture("several that start at once agree", async (fixture) => {
    const catalogs = await Promise.all([fixture.catalog(), fixture.catalog(), fixture.catalog()]);
    const { secret } = await catalogs[0].createApiKey({ projectId: defaultProjectId, name: "k" });
    await eventually(() => catalogs.every((catalog) => catalog.current().apiKey(secret) !== undefined));
    assert.equal(statSync(fixture.secretKeyFile).mode & 0o777, 0o600);
  });

  withFixture("many changes at once all happen", async (fixture) => {
    const catalog = await fixture.catalog();
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    await Promise.all(names.map((id) => catalog.createProject({ name: id, id })));
    assert.equal((await catalog.listProjects()).length, 21);
    assert.equal(catalog.current().projects().length, 21);
  });
}

function describeReader(withFixture: WithFixture): void {
  withFixture("a reader that starts before core is empty, and follows", async (fixture) => {
    const reader = await fixture.reader();
    assert.equal(reader.current().project("default"), undefined);
    const catalog = await fixture.catalog();
    await eventually(() => reader.current().project("default"));
    const { id, secret } = await catalog.createApiKey({ projectId: defaultProjectId, name: "k" });
    await eventually(() => reader.current().apiKey(secret));
    await catalog.createConnection({ projectId: defaultProjectId, provider: "openai", secret: "sk-1" });
    await eventually(() => reader.current().connection(defaultProjectId, "openai")?.secret === "sk-1");
    await catalog.revokeApiKey(defaultProjectId, id);
    await eventually(() => reader.current().apiKey(secret) === undefined);
  });

  withFixture("a reader starts without core", async (fixture) => {
    const catalog = await fixture.catalog();
    const { secret } = await catalog.createApiKey({ projectId: defaultProjectId, name: "k" });
    await catalog[Symbol.asyncDispose]();
    const reader = await fixture.reader();
    assert.ok(reader.current().apiKey(secret));
  });

  withFixture("the snapshot on disk serves a start without the database, secrets sealed", async (fixture) => {
    const cacheFile = join(fixture.folder, "catalog-snapshot.json");
    const catalog = await fixture.catalog();
    const { secret } = await catalog.createApiKey({ projectId: defaultProjectId, name: "k" });
    await catalog.createConnection({ projectId: defaultProjectId, provider: "openai", secret: "sk-secret" });
    await using first = await fixture.reader({ cacheFile });
    assert.ok(first.current().apiKey(secret));
    const kept = readFileSync(cacheFile, "utf8");
    assert.equal(kept.includes("sk-secret") || kept.includes(secret), false);
    assert.equal(statSync(cacheFile).mode & 0o777, 0o600);
    const nowhere =
      fixture.location.url === undefined ? { file: "/nowhere/catalog.sqlite" } : { url: "postgres://x@127.0.0.1:1/x" };
    await using reader = await openCatalogReader({
      ...nowhere,
      secretKeyFile: fixture.secretKeyFile,
      cacheFile,
      telemetry,
    });
    assert.ok(reader.current().apiKey(secret));
    assert.equal(reader.current().connection(defaultProjectId, "openai")?.secret, "sk-secret");
  });
}

function describeKills(withFixture: WithFixture): void {
  withFixture(
    "kill -9 in the middle of writes loses nothing acknowledged and leaves nothing half-made",
    async (fixture) => {
      const acknowledged: Acknowledged[] = [];
      for (let round = 0; round <= lastRound; round++) acknowledged.push(...(await writeUntilKilled(fixture, round)));
      const catalog = await fixture.catalog();
      for (const fact of acknowledged) await holds(catalog, fact);
      assert.ok(
        acknowledged.some(({ session }) => session !== undefined),
        "something was written",
      );
      await linksAndSessionsAddUp(fixture, acknowledged);
    },
  );
}

const lastRound = 5;

interface Acknowledged {
  readonly project?: string;
  readonly key?: string;
  readonly connection?: string;
  readonly link?: string;
  readonly spent?: string;
  readonly session?: string;
}

/** Kills the writer at some moment of its life: while it starts, migrates or writes. */
function writeUntilKilled(fixture: Fixture, round: number): Promise<Acknowledged[]> {
  const task = JSON.stringify({ location: fixture.location, secretKeyFile: fixture.secretKeyFile, round });
  const writer = spawn(process.execPath, [join(import.meta.dirname, "conformance-writer.ts"), task], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const kill = (delayMs: number) => setTimeout(() => writer.kill("SIGKILL"), delayMs * Math.random());
  if (round === 0) kill(800);
  writer.stdout.setEncoding("utf8").on("data", (text: string) => {
    const isFirst = output === "";
    const hadSession = output.includes('"session"');
    output += text;
    if (isFirst && round > 0 && round < lastRound) kill(200);
    // However slow the machine is, the last one comes as far as its first session.
    if (round === lastRound && !hadSession && output.includes('"session"')) kill(200);
  });
  return new Promise((resolve) => {
    writer.on("close", () => {
      const whole = output.split("\n").slice(0, -1);
      resolve(whole.map((line) => JSON.parse(line) as Acknowledged));
    });
  });
}

async function holds(catalog: Catalog, { project, key, connection, spent }: Acknowledged): Promise<void> {
  const snapshot = catalog.current();
  if (project !== undefined) assert.equal(snapshot.project(project)?.id, project);
  if (key !== undefined) assert.equal(snapshot.apiKey(key)?.projectId, project);
  if (connection !== undefined) {
    assert.equal(snapshot.connection(projectId(project ?? ""), "openai")?.secret, connection);
  }
  if (spent !== undefined) assert.equal(await catalog.redeemSignInLink(spent), undefined);
}

/** Every link is either still good or has become a session: never both, never neither. */
async function linksAndSessionsAddUp(fixture: Fixture, acknowledged: readonly Acknowledged[]): Promise<void> {
  await using database = openDatabase(fixture.location, telemetry);
  const count = async (table: "sessions" | "sign_in_links") =>
    (await database.connection.selectFrom(table).selectAll().execute()).length;
  const told = acknowledged.filter(({ link }) => link !== undefined).length;
  const found = (await count("sessions")) + (await count("sign_in_links"));
  assert.ok(found >= told && found <= told + 6, `${found} links and sessions, ${told} were acknowledged`);
  if (database.kind === "sqlite") {
    const { rows } = await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(database.connection);
    assert.deepEqual(
      rows.map((row) => row.integrity_check),
      ["ok"],
    );
  }
}

/** For suites that start something before their tests. */
export function disposeAfter(disposable: AsyncDisposable): void {
  after(() => disposable[Symbol.asyncDispose]());
}
