import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The bytes of the files of a folder and of all below it. Files that vanish meanwhile count as nothing. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true })) {
    try {
      const entry = lstatSync(join(folder, String(name)));
      if (entry.isFile()) bytes += entry.size;
    } catch {
      // A merge removed it.
    }
  }
  return bytes;
}
