import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { crc32 } from "node:zlib";

/*
 * <directory>/<producer>/<incarnation>/   one process's journal
 *     00000001.journal …                  segments: frames one behind the other, the first a snapshot
 *     position                            how far the segments are durable; see position.ts
 *     owner.lock                          held by the living owner; see owner.ts
 * <directory>/writer.log                  the writer's batches; see ../writer/batch-log.ts
 * <directory>/writer.lock                 held by the living writer
 * <directory>/set-aside/                  what storage refused and what could not be read
 * Names that begin with a dot are being made or being removed.
 */

export const setAsideFolder = "set-aside";
const segmentName = /^(\d{8})\.journal$/;
const producerName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Throws a TypeError for a name that cannot be a folder of ours. */
export function checkProducer(name: string): void {
  if (!producerName.test(name) || name === setAsideFolder) {
    throw new TypeError(`a journal's producer is letters, digits, - and _, not ${JSON.stringify(name)}`);
  }
}

/** Sorts by time; never used twice. */
export function newIncarnation(nowMs: number): string {
  return `${Math.trunc(nowMs).toString(36).padStart(9, "0")}-${process.pid}-${randomBytes(6).toString("hex")}`;
}

export function segmentFile(segment: number): string {
  return `${String(segment).padStart(8, "0")}.journal`;
}

/** The numbers of the segments in a folder, in order. Empty when the folder is gone. */
export async function listSegments(folder: string): Promise<number[]> {
  const segments: number[] = [];
  for (const name of await listFolder(folder)) {
    const match = segmentName.exec(name);
    if (match !== null) segments.push(Number(match[1]));
  }
  return segments.sort((one, other) => one - other);
}

/** The folders of a folder: not the dotted ones, not the set-aside one. Empty when it is gone. */
export async function listFolders(path: string): Promise<string[]> {
  const entries = await listFolder(path, true);
  return entries.sort();
}

async function listFolder(path: string, foldersOnly = false): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() === foldersOnly && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .filter((name) => name !== setAsideFolder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * What marks the frames of one segment: drawn from the incarnation's random name, so that a frame is never mistaken
 * that stood in another file, or that a sender put into a prompt.
 */
export interface SegmentKey {
  readonly magic: number;
  readonly seed: number;
}

export function segmentKey(incarnation: string, segment: number): SegmentKey {
  return { magic: crc32(`${segment}/magic/${incarnation}`), seed: crc32(`${segment}/seed/${incarnation}`) };
}
