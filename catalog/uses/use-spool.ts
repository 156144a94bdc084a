import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { UseTimes } from "./last-uses.ts";

const spooled = z.record(z.string(), z.number());

/** Keeps the times in a file of this process until core has taken it. What core did not take yet stays in it. */
export function openSpool(directory: string, name: string): (batch: UseTimes) => Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `${name}.json`);
  let written = new Map<string, number>();
  return async (batch) => {
    written = new Map([...(existsSync(file) ? written : []), ...batch]);
    writeFileSync(`${file}.draft`, JSON.stringify(Object.fromEntries(written)), { mode: 0o600 });
    renameSync(`${file}.draft`, file);
  };
}

/** Gives every file of the spool to `store`, and removes it once that resolved. A file that cannot be read is dropped. */
export async function drainSpool(directory: string, store: (batch: UseTimes) => Promise<void>): Promise<void> {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    if (!/\.(json|taken)$/.test(name)) continue;
    const taken = join(directory, name.replace(/\.json$/, ".taken"));
    if (name.endsWith(".json")) renameSync(join(directory, name), taken);
    const times = readTimes(taken);
    if (times.size > 0) await store(times);
    rmSync(taken, { force: true });
  }
}

function readTimes(file: string): UseTimes {
  try {
    return new Map(Object.entries(spooled.parse(JSON.parse(readFileSync(file, "utf8")))));
  } catch {
    return new Map();
  }
}
