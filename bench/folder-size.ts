import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";

/** The bytes of the files of a folder and of all below it. Files that vanish meanwhile count as nothing. */
export function folderBytes(folder: string): number {
  return sumOf(folder, ({ size }) => size);
}

/** What they take on the disk: less than their bytes where files have holes. */
export function allocatedBytes(folder: string): number {
  return sumOf(folder, ({ blocks }) => blocks * 512);
}

function sumOf(folder: string, bytesOf: (file: Stats) => number): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true })) {
    try {
      const entry = lstatSync(join(folder, String(name)));
      if (entry.isFile()) bytes += bytesOf(entry);
    } catch {
      // A merge removed it.
    }
  }
  return bytes;
}
