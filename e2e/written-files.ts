import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The files below a folder and what they hold, where Weir is at work: files and folders that go away are passed over. */
export function* writtenFiles(folder: string): Generator<{ readonly path: string; readonly bytes: Buffer }> {
  for (const entry of unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? ([] as Dirent[])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* writtenFiles(path);
    if (!entry.isFile()) continue;
    const bytes = unlessGone(() => readFileSync(path));
    if (bytes !== undefined) yield { path, bytes };
  }
}

function unlessGone<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
