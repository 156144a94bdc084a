import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { CodedError } from "@weir/model";
import type { ApiClient } from "./api-client.ts";

/** The parts with a row a line. */
const tables = ["spans", "logs", "metric_points"] as const;
const lineEnd = 0x0a;

interface Settings {
  readonly format: number;
  readonly exported_at: string;
}

/**
 * Writes everything that a project has into a new folder: `settings.json`, a gzipped file of lines for each table, and
 * last `export.json`, whose presence says that the others are whole. Gives the rows of each.
 */
export async function exportProject(
  client: ApiClient,
  project: string,
  folder: string,
): Promise<Record<string, number>> {
  const place = resolve(folder);
  if (existsSync(place) && readdirSync(place).length > 0) {
    throw new CodedError("CONFLICT", `${place} is not empty. Name a folder that is, or none yet.`);
  }
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const path = `/api/v1/projects/${encodeURIComponent(project)}/export`;
  const settings = await client.get<Settings>(`${path}/settings`);
  write(join(place, "settings.json"), settings);
  const rows: Record<string, number> = {};
  for (const table of tables) {
    rows[table] = await download(client, `${path}/${table}`, join(place, `${table}.ndjson.gz`));
  }
  const { format, exported_at } = settings;
  write(join(place, "export.json"), { format, project_id: project, exported_at, rows });
  return rows;
}

/** Under its own name only when it is whole: a gzip stream that was cut does not unpack. */
async function download(client: ApiClient, path: string, file: string): Promise<number> {
  const draft = `${file}.part`;
  try {
    await pipeline(Readable.fromWeb(await client.stream(path)), createWriteStream(draft, { mode: 0o600 }));
    const rows = await countLines(draft);
    renameSync(draft, file);
    return rows;
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("PART_UNAVAILABLE", `${path} did not come whole. Begin again in another folder.`, { cause });
  }
}

async function countLines(file: string): Promise<number> {
  let lines = 0;
  await pipeline(createReadStream(file), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      for (let at = chunk.indexOf(lineEnd); at !== -1; at = chunk.indexOf(lineEnd, at + 1)) lines += 1;
    }
  });
  return lines;
}

function write(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
}
