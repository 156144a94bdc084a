import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Migration {
  /** From the file's name: `0002_traces.sql` is 2. */
  readonly number: number;
  readonly name: string;
  readonly template: string;
  readonly checksum: string;
}

/** The migrations in a folder, in order. No two have one number; a gap is left by one that was never released. */
export function readMigrations(directory: string = import.meta.dirname): Migration[] {
  const files = readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  let last = 0;
  return files.map((file) => {
    const [, digits, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? [];
    const number = Number(digits);
    if (name === undefined || number === last)
      throw new TypeError(`${file} is no migration of its own: names are 0001_what_it_makes.sql, each number once`);
    last = number;
    const template = readFileSync(join(directory, file), "utf8");
    const checksum = createHash("sha256").update(template).digest("hex").slice(0, 16);
    return { number, name, template, checksum };
  });
}
