import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PostgresServer, postgresBinaries } from "./postgres-server.ts";
import { seeded } from "./seeded.ts";
import { kill, Program, type Role, Weir } from "./weir-process.ts";

/** The catalog in PostgreSQL, with real processes on both sides of it. */

const { WEIR_TEST_SEED = String(Date.now() % 100_000), WEIR_E2E_OUTAGES = "6" } = process.env;
const binaries = postgresBinaries();
const skip = binaries === undefined && "no PostgreSQL here: apt-get install postgresql";

let postgres: PostgresServer;
let upstream: Program;
before(async () => {
  if (binaries === undefined) return;
  postgres = await PostgresServer.start(binaries);
  upstream = await Program.start("bench/instant-upstream.ts");
});
after(async () => {
  await upstream?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

const json = { "content-type": "application/json" };

/** What Weir said is done. */
interface Acknowledged {
  readonly organizations: string[];
  readonly projects: string[];
  readonly keys: { readonly project: string; readonly secret: string }[];
}

/** As the owner of the machine: throws unless it was acknowledged. */
async function made<Body>(weir: Weir, path: string, body: object): Promise<Body> {
  const headers = { ...json, authorization: `Bearer ${weir.ownerKey()}` };
  const signal = AbortSignal.timeout(60_000);
  const init = { method: "POST", headers, body: JSON.stringify(body), signal };
  const response = await fetch(weir.url + path, init);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}

/** Makes tenants with projects, keys and connections, several at once, until it is told to stop. */
class Founders {
  readonly acknowledged: Acknowledged = { organizations: [], projects: [], keys: [] };
  refused = 0;
  readonly #weir: Weir;
  readonly #working: Promise<void>[];
  #isStopped = false;

  constructor(weir: Weir, count: number) {
    this.#weir = weir;
    this.#working = Array.from({ length: count }, (_, index) => this.#work(`f${index}`));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#working);
  }

  async #work(name: string): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      try {
        await this.#found(`${name}-${number}`);
      } catch {
        this.refused += 1;
        await sleep(50);
      }
    }
  }

  async #found(id: string): Promise<void> {
    const { organizations, projects, keys } = this.acknowledged;
    await made(this.#weir, "/api/v1/organizations", { id, name: id });
    organizations.push(id);
    await made(this.#weir, "/api/v1/projects", { id, name: id, organization_id: id });
    projects.push(id);
    const { secret } = await made<{ secret: string }>(this.#weir, "/api/v1/keys", { name: "key", project_id: id });
    keys.push({ project: id, secret });
    await made(this.#weir, "/api/v1/connections", { provider: "openai", secret: `sk-${id}`, project_id: id });
  }
}

const call = JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hello" }] });

/** The answers of gateway and receivers to one who sends with this key. */
async function statusesFor(weir: Weir, key: string): Promise<string> {
  const headers = { ...json, authorization: `Bearer ${key}` };
  const signal = AbortSignal.timeout(60_000);
  const asked = await Promise.all([
    fetch(`${weir.url}/openai/v1/chat/completions`, { method: "POST", headers, body: call, signal }),
    fetch(`${weir.otlpHttpUrl}/v1/traces`, { method: "POST", headers, body: '{"resourceSpans":[]}', signal }),
  ]);
  await Promise.all(asked.map((response) => response.arrayBuffer()));
  return asked.map(({ status }) => status).join(" ");
}

const works = async (weir: Weir, key: string) => (await statusesFor(weir, key)) === "200 200";

/** One blow after the other: what of PostgreSQL, and what of Weir while it is away. */
const blows: readonly { readonly at: "server" | "backend"; readonly role?: Role }[] = [
  { at: "backend" },
  { at: "server", role: "ingest" },
  { at: "server", role: "core" },
  { at: "server", role: "gateway" },
  { at: "server", role: "supervisor" },
  { at: "backend", role: "core" },
];

test(`kill -9 of PostgreSQL and of Weir loses no key and halves no tenant; calls go on (seed ${WEIR_TEST_SEED})`, {
  skip,
}, async (context) => {
  const random = seeded(Number(WEIR_TEST_SEED));
  const environment = { WEIR_POSTGRES_URL: postgres.newDatabase("outages") };
  await using weir = await Weir.start({ upstream: upstream.url, environment, readyWithinMs: 120_000 });
  await made(weir, "/api/v1/connections", { provider: "openai", secret: "sk-first" });
  await weir.until("calling with the connection", 30_000, () => works(weir, weir.apiKey));
  assert.notEqual(await statusesFor(weir, "weir_no_such_key"), "200 200", "keys are looked at");
  const founders = new Founders(weir, 3);
  try {
    for (let round = 0; round < Number(WEIR_E2E_OUTAGES); round++) {
      const { at, role } = blows[round % blows.length] ?? { at: "server" };
      await sleep(300 + random() * 1500);
      if (at === "server") postgres.killServer();
      else postgres.killBackend("outages");
      assert.equal(await statusesFor(weir, weir.apiKey), "200 200", "from the snapshot in memory");
      await sleep(random() * 800);
      if (role !== undefined) await strike(weir, role, random);
      await weir.until("working without PostgreSQL", 60_000, () => works(weir, weir.apiKey), 100);
      await sleep(random() * 800);
      if (at === "server") await postgres.startAgain();
      const recoveredMs = await recovered(weir);
      const what = `PostgreSQL's ${at}${role === undefined ? "" : `, then ${role}`}`;
      context.diagnostic(`killed ${what}; all is well ${(recoveredMs / 1000).toFixed(1)} s after PostgreSQL`);
    }
  } finally {
    await founders.stop();
    await postgres.startAgain();
  }
  const { acknowledged, refused } = founders;
  context.diagnostic(`${acknowledged.keys.length} tenants with keys, ${refused} requests refused or lost`);
  assert.ok(acknowledged.keys.length > 0 && refused > 0, "there was load, and the outages met it");
  await holds(weir, acknowledged);
  addsUp();
});

async function strike(weir: Weir, role: Role, random: () => number): Promise<void> {
  for (const pid of weir.pidsOf(role)) kill(pid);
  if (role !== "supervisor") return;
  await sleep(200 + random() * 800);
  weir.startAgain();
}

/** A new key is made, and all processes know it. */
async function recovered(weir: Weir): Promise<number> {
  const startedMs = performance.now();
  let secret = "";
  await weir.until("changing the catalog again", 90_000, async () => {
    ({ secret } = await made<{ secret: string }>(weir, "/api/v1/keys", { name: "again" }));
    return true;
  });
  await weir.until("following the catalog again", 90_000, () => works(weir, secret));
  await weir.ready();
  return performance.now() - startedMs;
}

async function holds(weir: Weir, { organizations, projects, keys }: Acknowledged): Promise<void> {
  const owner = { headers: { authorization: `Bearer ${weir.ownerKey()}` } };
  const idsAt = async (path: string) =>
    new Set((await weir.json<{ data: { id: string }[] }>(path, owner)).data.map(({ id }) => id));
  const [found, projectsFound] = [await idsAt("/api/v1/organizations"), await idsAt("/api/v1/projects")];
  assert.deepEqual(
    organizations.filter((id) => !found.has(id)),
    [],
    "lost organisations",
  );
  assert.deepEqual(
    projects.filter((id) => !projectsFound.has(id)),
    [],
    "lost projects",
  );
  const lost: string[] = [];
  for (const { project, secret } of keys) {
    const response = await weir.fetch("/api/v1/auth/me", { headers: { authorization: `Bearer ${secret}` } });
    await response.arrayBuffer();
    if (!response.ok) lost.push(project);
  }
  assert.deepEqual(lost, [], "lost keys");
}

/** Each thing with its entry in the audit log, and each entry with its thing; the log without a gap. */
function addsUp(): void {
  for (const [table, action] of [
    ["organizations", "organization.create"],
    ["projects", "project.create"],
    ["api_keys", "key.create"],
    ["provider_connections", "connection.create"],
  ] as const) {
    // What each start makes sure of is not somebody's change.
    const halves = `SELECT id, target_id FROM ${table}
      FULL JOIN (SELECT target_id FROM audit_entries WHERE action = '${action}') AS entries ON target_id = id
      WHERE (id IS NULL OR target_id IS NULL) AND coalesce(id, target_id) NOT IN ('default', 'key_initial')`;
    assert.equal(postgres.ask("outages", halves), "", `${table} and their audit entries`);
  }
  const gaps = `SELECT count(*) - max(sequence), (SELECT sequence FROM audit_head) - max(sequence) FROM audit_entries`;
  assert.equal(postgres.ask("outages", gaps), "0|0");
}

test("what one node changes, another knows at once", { skip }, async (context) => {
  const environment = { WEIR_POSTGRES_URL: postgres.newDatabase("nodes") };
  const folder = mkdtempSync(join(tmpdir(), "weir-nodes-"));
  try {
    await using one = await Weir.start({ upstream: upstream.url, environment });
    copyFileSync(join(one.dataDirectory, "secret.key"), join(folder, "secret.key"));
    await using two = await Weir.start({ upstream: upstream.url, environment, dataDirectory: folder });
    const within = async (what: string, isTrue: () => Promise<boolean>) => {
      const tookMs = await two.until(what, 60_000, isTrue, 10);
      context.diagnostic(`${what} after ${tookMs.toFixed(0)} ms`);
    };
    await made(one, "/api/v1/projects", { id: "shop", name: "Shop" });
    await made(one, "/api/v1/connections", { provider: "openai", secret: "sk-shop", project_id: "shop" });
    const { secret, key } = await made<{ secret: string; key: { id: string } }>(one, "/api/v1/keys", {
      name: "shop",
      project_id: "shop",
    });
    await within("the other node's gateway and receivers take the key", () => works(two, secret));
    const reads = async () => {
      const headers = { authorization: `Bearer ${secret}` };
      return (await two.fetch("/api/v1/calls", { headers })).ok;
    };
    await within("the other node's API takes the key", reads);
    await one.fetch(`/api/v1/keys/${key.id}?project_id=shop`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${one.ownerKey()}` },
    });
    await within("the other node refuses the revoked key", async () => !(await works(two, secret)) && !(await reads()));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
