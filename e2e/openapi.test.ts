import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listCalls } from "./calls-api.ts";
import { Weir } from "./weir-process.ts";

/**
 * `schemathesis` (https://schemathesis.io) makes requests of the OpenAPI document: as the owner, as the owner of another
 * organisation, and as nobody. No 5xx, nothing of another tenant, and only answers that the document tells of.
 */

const python = [join(import.meta.dirname, ".venv/bin/python"), "python3"].find(hasSchemathesis);
const skip = python === undefined ? "no python3 with schemathesis: `.ci/run` installs it into e2e/.venv" : false;

/** Requests of each operation; `WEIR_TEST_EXAMPLES=100` for an hour of it, which also tries every edge of every field. */
const examples = Number(process.env["WEIR_TEST_EXAMPLES"] ?? 5);
const phases = examples > 20 ? "examples,coverage,fuzzing,stateful" : "fuzzing";
const seed = process.env["WEIR_TEST_SEED"] ?? "20261121";
const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "tells_nothing_of_others",
].join();
const often = "100000000";

function hasSchemathesis(program: string): boolean {
  if (program.includes("/") && !existsSync(program)) return false;
  try {
    execFileSync(program, ["-c", "import schemathesis"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** In everything that one tenant has. */
const marker = "planted-5c1fe07a";
/** What another tenant knows to ask for, by the names of parameters. */
const ids: Record<string, string | undefined> = { project_id: "default", organization_id: "default", name: "a.metric" };
let rivalToken = "";
/** What the other tenant is and has. */
let rivalIds: readonly string[] = [];

let weir: Weir;
before(async () => {
  if (skip) return;
  weir = await Weir.start({
    environment: {
      WEIR_API_RATE_LIMIT_PER_ADDRESS_PER_MINUTE: often,
      WEIR_API_RATE_LIMIT_PER_CALLER_PER_MINUTE: often,
    },
  });
  await plantTelemetry();
  await plantCatalog();
  await makeRival();
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
});

async function asOwner<Body>(path: string, body?: unknown, method = body === undefined ? "GET" : "POST") {
  const headers = { authorization: `Bearer ${weir.ownerKey()}`, "content-type": "application/json" };
  return weir.json<Body>(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

async function plantTelemetry(): Promise<void> {
  const span = { name: marker, model: marker, provider: marker, input: marker, output: marker };
  const figures = { prompt_tokens: 3, completion_tokens: 1, duration_ms: 20, status: "error" };
  const trace = { trace_type: "single_call", user_id: marker, metadata: { marker }, spans: [{ ...span, ...figures }] };
  await weir.post("/api/v1/traces", { ...trace, model: marker, provider: marker });
  const timeUnixNano = `${Date.now()}000000`;
  const resource = { attributes: [{ key: "service.name", value: { stringValue: marker } }] };
  const logRecords = [{ timeUnixNano, body: { stringValue: marker } }];
  await weir.post("/v1/logs", { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
  const metrics = [{ name: ids["name"], unit: marker, gauge: { dataPoints: [{ timeUnixNano, asDouble: 1 }] } }];
  await weir.post("/v1/metrics", { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
  for (const path of ["calls", "logs", "metrics"]) {
    await weir.until(`visible in ${path}`, 60_000, async () =>
      JSON.stringify(await weir.json(`/api/v1/${path}`)).includes(marker),
    );
  }
  const [call] = await listCalls(weir, {});
  Object.assign(ids, { span_id: call?.span_id, trace_id: call?.trace_id });
}

/** One of each thing that can be made, named by the marker. */
async function plantCatalog(): Promise<void> {
  const organization = "/api/v1/organizations/default";
  const { key } = await asOwner<{ key: Made }>("/api/v1/keys", { name: marker });
  const connection = { provider: "openai", secret: marker, base_url: `https://${marker}.example.com` };
  const invited = { email: `${marker}@example.com`, role: "viewer" };
  // Which providers somebody may sign in with is told to everybody; what else is known of them is not.
  const settings = { issuer: "https://127.0.0.1:1", client_id: marker };
  const provider = { kind: "oidc", name: "Company", settings, client_secret: marker };
  await joinAs({ email: `member-${marker}@example.com`, role: "member" }, "default");
  const { data: members } = await asOwner<{ data: { user_id: string }[] }>(`${organization}/members`);
  Object.assign(ids, {
    key_id: key.id,
    connection_id: (await asOwner<Made>("/api/v1/connections", connection)).id,
    team_id: (await asOwner<Made>(`${organization}/teams`, { name: marker })).id,
    invitation_id: (await asOwner<{ invitation: Made }>(`${organization}/invitations`, invited)).invitation.id,
    user_id: members[0]?.user_id,
    provider_id: (await asOwner<Made>(`${organization}/identity-providers`, provider)).id,
  });
  await asOwner("/api/v1/projects", { name: `A project ${marker}`, organization_id: "default" });
}

interface Made {
  readonly id: string;
}

/** The access token of somebody who was invited and came. */
async function joinAs(invited: { email: string; role: string }, organization: string): Promise<string> {
  const { link } = await asOwner<{ link: { path: string } }>(
    `/api/v1/organizations/${organization}/invitations`,
    invited,
  );
  const token = link.path.split("token=")[1];
  const accepted = { token, password: "a long green river 7216" };
  return (await weir.post<{ access_token: string }>("/api/v1/auth/invitations/accept", accepted)).access_token;
}

/** The owner of another organisation, with a project of their own. */
async function makeRival(): Promise<void> {
  const { id } = await asOwner<Made>("/api/v1/organizations", { name: "Rival" });
  const project = await asOwner<Made>("/api/v1/projects", { name: "Theirs", organization_id: id });
  rivalToken = await joinAs({ email: "boss@rival.example", role: "owner" }, id);
  const asRival = { headers: { authorization: `Bearer ${rivalToken}` } };
  const { user } = await weir.json<{ user: Made }>("/api/v1/auth/me", asRival);
  const sessions = await weir.json<{ data: Made[] }>("/api/v1/auth/sessions", asRival);
  rivalIds = [id, project.id, user.id, ...sessions.data.map((session) => session.id)];
}

interface Run {
  readonly headers: Readonly<Record<string, string>>;
  readonly markers: readonly string[];
  /** Methods that are not tried on what exists. */
  readonly keeps?: readonly string[];
  /** The caller's own, not to be deleted. */
  readonly own?: readonly string[];
  readonly leftOut?: string;
}

/** Runs it to its end; its report where it found something. */
async function schemathesis({ headers, markers, keeps = [], own = [], leftOut = "" }: Run): Promise<void> {
  const isKnown = Object.keys(headers).length > 0;
  const settings = {
    "exclude-path-regex": `/live$${leftOut}`,
    checks,
    phases,
    "max-examples": examples,
    seed,
    "generation-database": "none",
    // A machine that is busy with other tests may be slow: that is not what is asked here.
    "suppress-health-check": "all",
    // A credential that is given is not to be replaced.
    "generation-with-security-parameters": !isKnown,
    workers: 2,
  };
  const child = spawn(
    python ?? "",
    [
      ...["-m", "schemathesis.cli", "run", `${weir.url}/api/openapi.json`, "--no-color"],
      ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
      ...Object.entries(headers).map(([name, value]) => `--header=${name}: ${value}`),
    ],
    {
      cwd: weir.dataDirectory,
      env: {
        PATH: process.env["PATH"],
        PYTHONPATH: join(import.meta.dirname, "openapi"),
        SCHEMATHESIS_HOOKS: "hooks",
        WEIR_TEST_PLANTED: JSON.stringify({ ids, markers, keeps, own }),
      },
    },
  );
  let report = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (report += text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, `seed ${seed}\n${failuresOf(report)}\n${weir.output.slice(-2000)}`);
  assert.match(report, /Test cases:\n +[\d,]+ generated, [\d,]+ passed/);
}

/** Made-up URLs have lines of their own length. */
function failuresOf(report: string): string {
  const lines = report.slice(Math.max(0, report.indexOf("= FAILURES ="))).split("\n");
  return lines.map((line) => line.slice(0, 400)).join("\n");
}

/** What tenants must not be able to change: everything of the first one that can be listed. */
const volatile = new Set(["last_used_at", "from", "to"]);

async function everythingPlanted(): Promise<unknown> {
  const organization = "/api/v1/organizations/default";
  const places = ["", "/members", "/invitations", "/teams", "/identity-providers"].map((part) => organization + part);
  const project = ["keys", "connections", "calls", "logs", "metrics"].map(
    (part) => `/api/v1/${part}?project_id=default`,
  );
  const lists = await Promise.all([...places, ...project].map((path) => asOwner<object>(path)));
  return JSON.parse(JSON.stringify(lists, (name, value) => (volatile.has(name) ? null : value)));
}

const timeout = 30 * 60_000 + examples * 60_000;

test("the owner of another organisation finds nothing, changes nothing and breaks nothing", {
  skip,
  timeout,
}, async () => {
  const before = await everythingPlanted();
  assert.ok(JSON.stringify(before).includes(marker));
  // Signing out is for the end.
  const leftOut = "|/auth/logout$";
  const headers = { authorization: `Bearer ${rivalToken}` };
  await schemathesis({ headers, markers: [marker], own: rivalIds, leftOut });
  assert.equal((await fetch(`${weir.url}/api/v1/auth/me`, { headers })).status, 200, "it was asked as them to the end");
  assert.deepEqual(await everythingPlanted(), before);
});

test("nobody finds nothing, changes nothing and breaks nothing", { skip, timeout }, async () => {
  const before = await everythingPlanted();
  await schemathesis({ headers: {}, markers: [marker] });
  assert.deepEqual(await everythingPlanted(), before);
});

test("the owner of this machine breaks nothing, and is answered as described", { skip, timeout }, async () => {
  const headers = { authorization: `Bearer ${weir.ownerKey()}` };
  await schemathesis({ headers, markers: [], keeps: ["DELETE"], leftOut: "|/secrets/rotate$" });
  assert.equal((await fetch(`${weir.url}/ready`)).status, 200);
});
