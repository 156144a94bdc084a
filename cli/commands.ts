import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, demoProjectId } from "@weir/model";
import type { Command } from "commander";
import { type ApiAccess, type ApiClient, createApiClient } from "./api-client.ts";
import { addPeopleCommands } from "./people-commands.ts";
import { exportProject } from "./project-export.ts";
import { type Terminal, table } from "./terminal.ts";

interface Key {
  id: string;
  project_id: string;
  name: string;
  mask: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

interface Connection {
  id: string;
  project_id: string;
  provider: string;
  base_url: string | null;
}

interface Project {
  id: string;
  name: string;
  created_at: string;
  retention: Record<keyof typeof retentionOptions, number>;
}

/** The options of `project set`, and what they are called in the API. */
const retentionOptions = {
  spans_days: "--spans-days <days>",
  content_days: "--content-days <days>",
  logs_days: "--logs-days <days>",
  metric_points_days: "--metric-points-days <days>",
} as const;

interface Deletion {
  deletion_id: string;
  status: "running" | "done";
  found_rows: Record<string, number>;
}

const deletionPollMs = 250;

interface TableUsage {
  table: string;
  rows: number;
  parts: number;
  disk_bytes: number;
  uncompressed_bytes: number;
  compression_ratio: number | null;
  disk_bytes_per_row: number | null;
  oldest: string | null;
  newest: string | null;
}

export interface ApiCommandsOptions {
  /** How to reach the running Weir; asked only when a command runs. */
  readonly access: () => Promise<ApiAccess>;
  readonly terminal: Terminal;
}

/** Adds the commands that speak to a running Weir: keys, connections, projects, people, audit, sign-in link, demo, storage, status. */
export function addApiCommands(program: Command, { access, terminal }: ApiCommandsOptions): void {
  const client = async () => createApiClient(await access());
  addKeyCommands(
    program.command("key").description("API keys: for the API, for telemetry, and as virtual keys"),
    client,
    terminal,
  );
  addConnectionCommands(
    program.command("connection").description("provider keys that Weir holds for virtual keys"),
    client,
    terminal,
  );
  addProjectCommands(program.command("project").description("projects and their data"), client, terminal);
  addPeopleCommands(program, client, access, terminal);
  program
    .command("link")
    .description("print a new one-time sign-in link for the web UI")
    .action(async () => {
      const { path, expires_at } = await (await client()).post<{ path: string; expires_at: string }>(
        "/api/v1/auth/links",
        {},
      );
      terminal.print(new URL(path, (await access()).baseUrl).href);
      terminal.print(`Works once, until ${expires_at}.`);
    });
  program
    .command("demo")
    .description("the demo's data")
    .command("remove")
    .description("remove the demo project and everything in it")
    .action(async () => removeProject(await client(), terminal, demoProjectId));
  program
    .command("storage")
    .description("what each table takes on the disk, and how well it compresses")
    .action(async () => showStorage(await client(), terminal));
  program
    .command("status")
    .description("how each part of the running Weir is")
    .action(async () => showStatus(await client(), terminal));
}

function addKeyCommands(key: Command, client: () => Promise<ApiClient>, terminal: Terminal): void {
  key
    .command("create <name>")
    .description("make a key; its secret is shown once")
    .option("-p, --project <id>", "the project that it opens")
    .option("--expires <time>", "when it stops working, RFC 3339")
    .option("--scopes <list>", "what it may do, of ingest,query,gateway,manage (default: all but manage)")
    .action(async (name: string, options: { project?: string; expires?: string; scopes?: string }) => {
      const scopes = options.scopes?.split(",").map((scope) => scope.trim());
      const body = { name, project_id: options.project, expires_at: options.expires, scopes };
      const made = await (await client()).post<{ key: Key; secret: string }>("/api/v1/keys", body);
      terminal.print(made.secret);
      terminal.print(`Key ${made.key.id} of project ${made.key.project_id}. The secret is not shown again.`);
    });
  key
    .command("list")
    .option("-p, --project <id>", "of this project")
    .action(async (options: { project?: string }) => {
      const { data } = await (await client()).get<{ data: Key[] }>("/api/v1/keys", { project_id: options.project });
      const rows = data.map((entry) => [
        entry.id,
        entry.project_id,
        entry.name,
        entry.mask,
        stateOf(entry),
        entry.last_used_at ?? "never",
      ]);
      for (const line of table(["ID", "PROJECT", "NAME", "KEY", "STATE", "LAST USED"], rows)) terminal.print(line);
    });
  key
    .command("revoke <id>")
    .description("stop a key from working")
    .option("-p, --project <id>", "the project that it opens")
    .action(async (id: string, options: { project?: string }) => {
      await (await client()).delete(withProject(`/api/v1/keys/${encodeURIComponent(id)}`, options.project));
      terminal.print(`Key ${id} is revoked.`);
    });
}

function withProject(path: string, project: string | undefined): string {
  return project === undefined ? path : `${path}?${new URLSearchParams({ project_id: project })}`;
}

function stateOf(key: Key): string {
  if (key.revoked_at !== null) return "revoked";
  if (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()) return "expired";
  return "active";
}

function addConnectionCommands(connection: Command, client: () => Promise<ApiClient>, terminal: Terminal): void {
  connection
    .command("add <provider>")
    .description("keep a provider's key: piped in, or from the environment with --from-env")
    .option("-p, --project <id>", "the project whose virtual keys use it")
    .option("--base-url <url>", "another address than the provider's own")
    .option("--from-env <variable>", "the environment variable that holds the provider's key")
    .action(async (provider: string, options: { project?: string; baseUrl?: string; fromEnv?: string }) => {
      const secret = await secretFor(terminal, options.fromEnv);
      const body = { provider, secret, base_url: options.baseUrl, project_id: options.project };
      const made = await (await client()).post<Connection>("/api/v1/connections", body);
      terminal.print(`Connection ${made.id}: keys of project ${made.project_id} now reach ${made.provider}.`);
    });
  connection
    .command("list")
    .option("-p, --project <id>", "of this project")
    .action(async (options: { project?: string }) => {
      const { data } = await (await client()).get<{ data: Connection[] }>("/api/v1/connections", {
        project_id: options.project,
      });
      const rows = data.map((entry) => [
        entry.id,
        entry.project_id,
        entry.provider,
        entry.base_url ?? "the provider's own",
      ]);
      for (const line of table(["ID", "PROJECT", "PROVIDER", "ADDRESS"], rows)) terminal.print(line);
    });
  connection
    .command("remove <id>")
    .description("forget a provider's key")
    .option("-p, --project <id>", "the project whose virtual keys use it")
    .action(async (id: string, options: { project?: string }) => {
      await (await client()).delete(withProject(`/api/v1/connections/${encodeURIComponent(id)}`, options.project));
      terminal.print(`Connection ${id} is removed.`);
    });
}

/** Never from the command line: others on the machine can read that, and shells keep it. */
async function secretFor(terminal: Terminal, variable: string | undefined): Promise<string> {
  const secret = variable === undefined ? await terminal.readSecret() : terminal.environment[variable];
  if (secret !== undefined && secret !== "") return secret;
  const hint =
    variable === undefined
      ? "Pipe the provider's key in, or name its variable with --from-env."
      : `${variable} is not set.`;
  throw new CodedError("BAD_REQUEST", hint);
}

function addProjectCommands(project: Command, client: () => Promise<ApiClient>, terminal: Terminal): void {
  project
    .command("create <name>")
    .option("--id <id>", "its id; made from the name unless given")
    .action(async (name: string, options: { id?: string }) => {
      const made = await (await client()).post<Project>("/api/v1/projects", { name, id: options.id });
      terminal.print(`Project ${made.id}.`);
    });
  project.command("list").action(async () => {
    const { data } = await (await client()).get<{ data: Project[] }>("/api/v1/projects");
    for (const line of table(
      ["ID", "NAME", "SINCE"],
      data.map((entry) => [entry.id, entry.name, entry.created_at]),
    ))
      terminal.print(line);
  });
  const set = project
    .command("set <id>")
    .description("how long a project's data is kept; `default` goes back to the configuration's")
    .option("--name <name>", "another name");
  for (const option of Object.values(retentionOptions)) set.option(option);
  set.action(async (id: string, options: Record<string, string | undefined>) => {
    const { name } = options;
    const given = Object.keys(retentionOptions).flatMap((field) => {
      const text = options[field.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];
      return text === undefined ? [] : [[field, text === "default" ? null : Number(text)]];
    });
    const body = { name, ...(given.length > 0 && { retention: Object.fromEntries(given) }) };
    const changed = await (await client()).patch<Project>(`/api/v1/projects/${encodeURIComponent(id)}`, body);
    const kept = Object.entries(changed.retention).map(([field, days]) => `${field.replace(/_days$/, "")} ${days}`);
    terminal.print(`Project ${changed.id}, ${changed.name}: days kept: ${kept.join(", ")}.`);
  });
  project
    .command("export <id>")
    .description("write everything that a project has into files: settings, spans with content, logs, metrics")
    .requiredOption("--to <folder>", "a new folder, or an empty one")
    .action(async (id: string, { to }: { to: string }) => {
      const rows = await exportProject(await client(), id, to);
      const counted = Object.entries(rows).map(([name, count]) => `${count} ${name}`);
      terminal.print(
        `Project ${id} is in ${to}: ${counted.join(", ")}. Who can read these files reads what was asked and answered.`,
      );
    });
  project
    .command("remove <id>")
    .description("remove a project and all its data")
    .action(async (id: string) => removeProject(await client(), terminal, id));
}

async function removeProject(client: ApiClient, terminal: Terminal, id: string): Promise<void> {
  const started = await client.delete<Deletion>(`/api/v1/projects/${encodeURIComponent(id)}`);
  const path = `/api/v1/deletions/${started.deletion_id}`;
  let { status } = started;
  while (status !== "done") {
    await sleep(deletionPollMs);
    ({ status } = await client.get<Deletion>(path, { project_id: id }));
  }
  const counts = Object.entries(started.found_rows).filter(([, count]) => count > 0);
  const removed = counts.map(([name, count]) => `${count} ${name}`).join(", ") || "it had no data";
  terminal.print(`Project ${id} is removed: ${removed}. Its receipt is ${started.deletion_id}.`);
}

async function showStatus(client: ApiClient, terminal: Terminal): Promise<void> {
  const { body } = await client.peek<{ status: string; parts?: Record<string, { status: string; message?: string }> }>(
    "/ready",
  );
  terminal.print(body.status);
  const rows = Object.entries(body.parts ?? {}).map(([name, part]) => [name, part.status, part.message ?? ""]);
  for (const line of table(["PART", "STATE", ""], rows)) terminal.print(line);
}

async function showStorage(client: ApiClient, terminal: Terminal): Promise<void> {
  const { data, total_disk_bytes } = await client.get<{ data: TableUsage[]; total_disk_bytes: number }>(
    "/api/v1/storage",
  );
  const rows = data.map((entry) => [
    entry.table,
    String(entry.rows),
    String(entry.parts),
    megabytes(entry.disk_bytes),
    megabytes(entry.uncompressed_bytes),
    entry.compression_ratio === null ? "" : `${entry.compression_ratio.toFixed(1)}:1`,
    entry.disk_bytes_per_row === null ? "" : entry.disk_bytes_per_row.toFixed(0),
    entry.oldest?.slice(0, 16) ?? "",
    entry.newest?.slice(0, 16) ?? "",
  ]);
  const headings = ["TABLE", "ROWS", "PARTS", "DISK MB", "RAW MB", "RATIO", "BYTES/ROW", "OLDEST", "NEWEST"];
  for (const line of table(headings, rows)) terminal.print(line);
  terminal.print(`${megabytes(total_disk_bytes)} MB in all.`);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
