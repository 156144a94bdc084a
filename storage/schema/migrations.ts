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

/** The migrations in a folder, in order: numbered from 1 without a gap, so that two branches cannot both take one. */
export function readMigrations(directory: string = import.meta.dirname): Migration[] {
  const files = readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  return files.map((file, index) => {
    const [, digits, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? [];
    if (name === undefined || Number(digits) !== index + 1)
      throw new TypeError(`${file} is not migration ${index + 1}: names are 0001_what_it_makes.sql, without gaps`);
    const template = readFileSync(join(directory, file), "utf8");
    const checksum = createHash("sha256").update(template).digest("hex").slice(0, 16);
    return { number: index + 1, name, template, checksum };
  });
}
