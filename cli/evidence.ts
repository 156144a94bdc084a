import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CodedError } from "@weir/model";
import type { ApiClient } from "./api-client.ts";

interface Page {
  readonly data: readonly unknown[];
}

interface Named {
  readonly id: string;
}

/** What was found, for the one who collects it. */
export interface Evidence {
  readonly files: readonly string[];
  /** The first entry of the audit log that was altered or is missing; null while the chain holds. */
  readonly firstBroken: number | null;
}

/**
 * Writes what an auditor asks for into a new folder: who has access to what, how long data lives, and the audit log with
 * the check of its chain; last `evidence.json`, with the SHA-256 of each file. docs/soc2.md says which control each file
 * is for. No secret and no captured content is in it.
 */
export async function collectEvidence(client: ApiClient, folder: string): Promise<Evidence> {
  const place = resolve(folder);
  if (existsSync(place) && readdirSync(place).length > 0) {
    throw new CodedError("CONFLICT", `${place} is not empty. Name a folder that is, or none yet.`);
  }
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const install = await client.get<{ version: string }>("/api/v1/install");
  write(join(place, "organizations.json"), await organizations(client));
  write(join(place, "projects.json"), await projects(client));
  // Before the log is copied: what the copy holds beyond is what was added since.
  const verification = await client.get<{ first_broken: number | null }>("/api/v1/audit/verification");
  write(join(place, "audit-verification.json"), verification);
  const log = Readable.fromWeb(await client.stream("/api/v1/audit/export?format=jsonl"));
  await pipeline(log, createWriteStream(join(place, "audit.jsonl"), { mode: 0o600 }));
  const files: Record<string, string> = {};
  for (const name of readdirSync(place).sort()) files[name] = await sha256Of(join(place, name));
  const { version } = install;
  write(join(place, "evidence.json"), { weir_version: version, collected_at: new Date().toISOString(), sha256: files });
  return { files: [...Object.keys(files), "evidence.json"], firstBroken: verification.first_broken };
}

/** Each with its people, invitations, teams and identity providers. */
async function organizations(client: ApiClient): Promise<object[]> {
  const { data } = await client.get<{ data: Named[] }>("/api/v1/organizations");
  const collected = [];
  for (const organization of data) {
    const path = `/api/v1/organizations/${encodeURIComponent(organization.id)}`;
    const list = async (what: string) => (await client.get<Page>(`${path}/${what}`)).data;
    collected.push({
      ...organization,
      members: await list("members"),
      invitations: await list("invitations"),
      teams: await list("teams"),
      identity_providers: await list("identity-providers"),
    });
  }
  return collected;
}

/** Each with its roles, keys (their masks) and provider connections. */
async function projects(client: ApiClient): Promise<object[]> {
  const { data } = await client.get<{ data: Named[] }>("/api/v1/projects");
  const collected = [];
  for (const project of data) {
    const query = { project_id: project.id };
    collected.push({
      ...project,
      roles: (await client.get<Page>(`/api/v1/projects/${encodeURIComponent(project.id)}/roles`)).data,
      keys: (await client.get<Page>("/api/v1/keys", query)).data,
      connections: (await client.get<Page>("/api/v1/connections", query)).data,
    });
  }
  return collected;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

function write(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
}
