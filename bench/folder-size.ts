import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";

/** The bytes of the files of a folder and of all below it. What vanishes meanwhile counts as nothing. */
export function folderBytes(folder: string): number {
  return sumOf(folder, ({ size }) => size);
}

/** What they take on the disk: less than their bytes where files have holes. */
export function allocatedBytes(folder: string): number {
  return sumOf(folder, ({ blocks }) => blocks * 512);
}

function sumOf(folder: string, bytesOf: (file: Stats) => number): number {
  let bytes = 0;
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry?.isDirectory()) bytes += sumOf(path, bytesOf);
    else if (entry?.isFile()) bytes += bytesOf(entry);
  }
  return bytes;
}

/** None where the folder is gone: a merge removes what it merged. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
