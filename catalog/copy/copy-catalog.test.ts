import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { defaultProjectId, silentTelemetry } from "@weir/model";
import { sql } from "kysely";
import { type Catalog, openCatalog } from "../catalog.ts";
import { disposeAfter } from "../conformance.ts";
import { type CatalogLocation, openDatabase } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { migrations } from "../database/migrations/index.ts";
import { defaultOrganizationId } from "../records/projects.ts";
import { findPostgres, postgresMissing, startTestPostgres } from "../testing.ts";
import { copiedTableNames, copiedTables } from "./copied-tables.ts";
import { copyCatalog } from "./copy-catalog.ts";

const telemetry = silentTelemetry;
const folder = mkdtempSync(join(tmpdir(), "weir-copy-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const secretKeyFile = join(folder, "secret.key");
let files = 0;
const newFile = async (): Promise<CatalogLocation> => ({ file: join(folder, `catalog-${++files}.sqlite`) });
const open = (location: CatalogLocation) => openCatalog({ ...location, secretKeyFile, telemetry });

/** What was put into a catalog, as its users hold it. */
interface Filled {
  readonly key: string;
  readonly session: string;
  readonly link: string;
  readonly reset: string;
  readonly invitation: string;
}

/** At least a row in every table, and more than a page in two. */
async function fill(catalog: Catalog): Promise<Filled> {
  await catalog.ensureInitial({ adminEmail: "ann@example.org", adminPassword: "a first password" });
  const project = await catalog.createProject({ name: "Läden 日本 🛍", id: "shops" });
  await catalog.updateProject(project.id, { retention: { spansDays: 30 } });
  const { secret: key, id } = await catalog.createApiKey({ projectId: project.id, name: 'it\'s "quoted"' });
  catalog.recordKeyUse(id, new Date());
  await catalog.createConnection({ projectId: project.id, provider: "openai", secret: "sk-sealed" });
  const organizationId = defaultOrganizationId;
  const { token } = await catalog.invitations.create({ organizationId, email: "bob@example.org", role: "member" });
  const bob = await catalog.invitations.accept(token, { name: "Bob", passwordHash: "none" });
  await catalog.members.setProjectRole(project.id, { user: bob.id }, "admin");
  const team = await catalog.teams.create(organizationId, "Platform");
  await catalog.teams.addMember(organizationId, team.id, bob.id);
  await catalog.members.setProjectRole(project.id, { team: team.id }, "viewer");
  const provider = await catalog.identityProviders.create({
    organizationId,
    kind: "oidc",
    name: "Company",
    settings: { issuer: "https://login.example.com", client_id: "weir", groups: "groups" },
    roleByGroup: { platform: "member" },
    defaultRole: null,
    secret: "sealed-client-secret",
  });
  await catalog.identityProviders.admit(provider, {
    subject: "1",
    email: "cy@example.org",
    name: "Cy",
    groups: ["platform"],
  });
  await catalog.signIn({ email: "ann@example.org", password: "a wrong password" });
  const { secret: session } = await catalog.createSession({ userId: bob.id, method: "password" });
  const invited = await catalog.invitations.create({ organizationId, email: "dee@example.org", role: null });
  const target = { kind: "trace", id: "0123" };
  for (let index = 0; index < 510; index++) await catalog.auditLog.record({ action: "content.read", target });
  return {
    key,
    session,
    link: (await catalog.createSignInLink()).token,
    reset: (await catalog.accounts.createPasswordReset(bob.id)).token,
    invitation: invited.token,
  };
}

async function rowsOf(location: CatalogLocation): Promise<Record<string, unknown[]>> {
  await using database = openDatabase(location, telemetry);
  const tables: Record<string, unknown[]> = {};
  for (const table of copiedTableNames) {
    const { rows } = await sql<object>`select * from ${sql.table(table)}`.execute(database.connection);
    tables[table] = rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort();
  }
  return tables;
}

/** Everything that was handed out still opens what it opened, and the audit log goes on. */
async function works(catalog: Catalog, filled: Filled): Promise<void> {
  const snapshot = catalog.current();
  assert.equal(snapshot.apiKey(filled.key)?.projectId, "shops");
  assert.equal(snapshot.connection(snapshot.project("shops")?.id ?? defaultProjectId, "openai")?.secret, "sk-sealed");
  assert.equal(snapshot.project("shops")?.retention.spansDays, 30);
  const [provider] = await catalog.identityProviders.list(defaultOrganizationId);
  assert.equal((await catalog.identityProviders.byId(provider?.id ?? ""))?.secret, "sealed-client-secret");
  assert.equal((await catalog.sessionBySecret(filled.session))?.user?.name, "Bob");
  assert.ok(await catalog.invitations.byToken(filled.invitation));
  assert.ok(await catalog.redeemSignInLink(filled.link));
  await catalog.accounts.resetPassword(filled.reset, "a second password");
  assert.ok(await catalog.signIn({ email: "bob@example.org", password: "a second password" }));
  await catalog.createProject({ name: "After the copy" });
  assert.equal(await catalog.auditLog.firstBroken(), undefined);
}

async function cannotChangeAudit(location: CatalogLocation): Promise<void> {
  await using database = openDatabase(location, telemetry);
  await assert.rejects(sql`update audit_entries set actor_name = 'x'`.execute(database.connection));
  await assert.rejects(sql`delete from audit_entries`.execute(database.connection));
}

type NewLocation = () => Promise<CatalogLocation>;

function describeCopy(name: string, newSource: NewLocation, newTarget: NewLocation): void {
  test(`${name}: everything arrives, and works there`, async () => {
    const [from, to] = [await newSource(), await newTarget()];
    const source = await open(from);
    const filled = await fill(source);
    await source[Symbol.asyncDispose]();
    const before = await rowsOf(from);
    for (const [table, rows] of Object.entries(before)) assert.ok(rows.length > 0, `nothing in ${table} to copy`);
    const copy = await copyCatalog({ from, to, telemetry });
    assert.deepEqual(await rowsOf(to), before);
    const counted = Object.fromEntries(Object.entries(before).map(([table, rows]) => [table, rows.length]));
    assert.deepEqual(copy, { rows: counted, firstBrokenEntry: undefined });
    await cannotChangeAudit(to);
    await using target = await open(to);
    await works(target, filled);
  });

  test(`${name}: what is there is given up only when that is said, and then whole`, async () => {
    const [from, to] = [await newSource(), await newTarget()];
    for (const [location, id] of [
      [from, "new"],
      [to, "old"],
    ] as const) {
      await using catalog = await open(location);
      await catalog.ensureInitial();
      await catalog.createProject({ name: id, id });
    }
    const old = await rowsOf(to);
    await assert.rejects(copyCatalog({ from, to, telemetry }), { code: "CONFLICT", message: /not empty.*projects/ });
    assert.deepEqual(await rowsOf(to), old);
    await copyCatalog({ from, to, replace: true, telemetry });
    assert.deepEqual(await rowsOf(to), await rowsOf(from));
    await copyCatalog({ from: to, to: from, replace: true, telemetry });
    await using catalog = await open(from);
    assert.ok(catalog.current().project("new"));
  });

  test(`${name}: a schema that this Weir does not know is refused, on either side`, async () => {
    const [from, to, other] = [await newSource(), await newTarget(), await newTarget()];
    await assert.rejects(copyCatalog({ from, to, telemetry }), { code: "NOT_FOUND" });
    await migrateWith(from, migrations.slice(0, -1));
    await assert.rejects(copyCatalog({ from, to, telemetry }), { code: "CONFLICT", message: /earlier Weir/ });
    await migrateWith(from, migrations);
    await migrateWith(other, [...migrations, { number: 9999, name: "future", statements: [] }]);
    await assert.rejects(copyCatalog({ from, to: other, replace: true, telemetry }), { code: "SCHEMA_TOO_NEW" });
    await migrateWith(from, [...migrations, { number: 9999, name: "future", statements: [] }]);
    await assert.rejects(copyCatalog({ from, to, telemetry }), { code: "SCHEMA_TOO_NEW" });
  });

  test(`${name}: somebody else's tables are never touched`, async () => {
    const [from, to] = [await newSource(), await newTarget()];
    await migrateWith(from, migrations);
    await ask(to, "create table users (theirs text)");
    await assert.rejects(copyCatalog({ from, to, replace: true, telemetry }), {
      code: "CONFLICT",
      message: /not Weir's \(users\)/,
    });
    await ask(to, "select theirs from users");
  });
}

async function ask(location: CatalogLocation, statement: string): Promise<void> {
  await using database = openDatabase(location, telemetry);
  await sql.raw(statement).execute(database.connection);
}

async function migrateWith(location: CatalogLocation, some: typeof migrations): Promise<void> {
  await using database = openDatabase(location, telemetry);
  await migrate(database, some, telemetry);
}

test("every table of the schema is copied, by its primary key", async () => {
  const location = await newFile();
  await migrateWith(location, migrations);
  await using database = openDatabase(location, telemetry);
  const { rows: tables } = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(
    database.connection,
  );
  const ours = tables.map(({ name }) => name).filter((name) => name !== "catalog_migrations");
  assert.deepEqual([...copiedTableNames].sort(), ours.sort());
  for (const table of copiedTableNames) {
    const { rows } = await sql<{
      name: string;
    }>`select name from pragma_table_info(${table}) where pk > 0 order by pk`.execute(database.connection);
    assert.deepEqual(
      rows.map(({ name }) => name),
      [...copiedTables[table]],
      table,
    );
  }
});

describeCopy("from file to file", newFile, newFile);

const place = findPostgres();
if (place === undefined) {
  test("copies to and from PostgreSQL", { skip: postgresMissing }, () => undefined);
} else {
  const postgres = await startTestPostgres(place);
  disposeAfter(postgres);
  const newDatabase = async (): Promise<CatalogLocation> => ({ url: await postgres.newDatabase() });
  describeCopy("from SQLite to PostgreSQL", newFile, newDatabase);
  describeCopy("from PostgreSQL to SQLite", newDatabase, newFile);

  test("a PostgreSQL catalog that a Weir uses is neither copied nor replaced", async () => {
    const [used, file] = [await newDatabase(), await newFile()];
    await migrateWith(file, migrations);
    await using catalog = await open(used);
    await catalog.ensureInitial();
    for (const wish of [
      { from: used, to: file },
      { from: file, to: used },
    ]) {
      const copy = copyCatalog({ ...wish, replace: true, telemetry });
      await assert.rejects(copy, { code: "CONFLICT", message: /Weir runs on the PostgreSQL catalog/ });
    }
  });
}
