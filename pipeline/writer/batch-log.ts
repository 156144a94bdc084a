import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Telemetry } from "@weir/model";
import { writerLogDamaged } from "../events.ts";
import { syncFolder } from "../journal/segment-file.ts";

/** A part of one segment, from the start of a frame to the end of another. */
export interface Range {
  readonly producer: string;
  readonly incarnation: string;
  readonly segment: number;
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Up to where a journal's frames belong to batches that were begun. */
export interface Cursor {
  /** 0 when nothing was taken yet. */
  readonly segment: number;
  readonly offset: number;
  readonly rows: number;
}

export const firstCursor: Cursor = { segment: 0, offset: 0, rows: 0 };

type LogRecord =
  | { readonly kind: "begin"; readonly token: string; readonly ranges: readonly Range[] }
  | { readonly kind: "done"; readonly token: string }
  | { readonly kind: "split"; readonly token: string }
  | { readonly kind: "cursor"; readonly producer: string; readonly incarnation: string; readonly cursor: Cursor };

const logFile = "writer.log";
const compactedAtBytes = 256 << 10;

const cursorKey = (producer: string, incarnation: string) => `${producer}/${incarnation}`;

function encodeRecord(record: LogRecord): string {
  const json = JSON.stringify(record);
  return `${crc32(json).toString(16).padStart(8, "0")} ${json}\n`;
}

function decodeRecord(line: string): LogRecord | undefined {
  const json = line.slice(9);
  if (line.slice(0, 8) !== crc32(json).toString(16).padStart(8, "0")) return undefined;
  return JSON.parse(json) as LogRecord;
}

/** What the log says, record by record. */
class LogState {
  readonly cursors = new Map<string, Cursor>();
  readonly undone = new Map<string, readonly Range[]>();
  readonly splits = new Set<string>();

  apply(record: LogRecord): void {
    if (record.kind === "cursor") this.cursors.set(cursorKey(record.producer, record.incarnation), record.cursor);
    if (record.kind === "split") this.splits.add(record.token);
    if (record.kind === "begin") this.#begin(record.token, record.ranges);
    if (record.kind === "done") this.#done(record.token);
  }

  #begin(token: string, ranges: readonly Range[]): void {
    this.undone.set(token, ranges);
    for (const { producer, incarnation, segment, to, rows } of ranges) {
      const key = cursorKey(producer, incarnation);
      this.cursors.set(key, { segment, offset: to, rows: (this.cursors.get(key)?.rows ?? 0) + rows });
    }
  }

  #done(token: string): void {
    this.undone.delete(token);
    for (const split of this.splits) if (split.startsWith(`${token}:`)) this.splits.delete(split);
  }

  /** As few records as say the same. Cursors come last: the beginnings move them. */
  *records(): Iterable<LogRecord> {
    for (const [token, ranges] of this.undone) yield { kind: "begin", token, ranges };
    for (const token of this.splits) yield { kind: "split", token };
    for (const [key, cursor] of this.cursors) {
      const [producer = "", incarnation = ""] = key.split("/");
      yield { kind: "cursor", producer, incarnation, cursor };
    }
  }
}

/**
 * What the writer has begun to insert and has finished, in `writer.log`: a line a record, each with its checksum.
 * A batch's boundary is durable before its first insert, so that after a restart the same rows go out under the same
 * token. Lines are small and the file is rewritten once it is long.
 */
export class BatchLog implements AsyncDisposable {
  readonly #directory: string;
  readonly #state: LogState;
  #file: FileHandle;
  /** Where the next line goes: behind the last whole line. */
  #length: number;
  /** Records that were applied but could not be written yet. */
  #unwritten = "";
  #last: Promise<void> = Promise.resolve();

  /** Reads the log, or begins an empty one. Lines that cannot be read are skipped and told of. */
  static async open(directory: string, telemetry: Telemetry): Promise<BatchLog> {
    const path = join(directory, logFile);
    const file = await open(path, "a+", 0o600).then(async (created) => {
      await created.close();
      return open(path, "r+");
    });
    const { state, damagedCount, length } = readLog(await readFile(path, "utf8"));
    if (damagedCount > 0) telemetry.emit(writerLogDamaged, { lines: damagedCount }, damagedCount);
    const log = new BatchLog(directory, state, file, length);
    // A full disk must not keep the writer from draining: the log as it was serves too.
    await log.#compact().catch(() => {});
    return log;
  }

  constructor(directory: string, state: LogState, file: FileHandle, length: number) {
    this.#directory = directory;
    this.#state = state;
    this.#file = file;
    this.#length = length;
  }

  /** Batches that were begun and not finished, oldest first. */
  get undone(): ReadonlyMap<string, readonly Range[]> {
    return this.#state.undone;
  }

  cursor(producer: string, incarnation: string): Cursor {
    return this.#state.cursors.get(cursorKey(producer, incarnation)) ?? firstCursor;
  }

  isSplit(token: string): boolean {
    return this.#state.splits.has(token);
  }

  /** Resolves once the boundary is durable; rejects when the disk does not take it, and nothing was begun then. */
  begin(token: string, ranges: readonly Range[]): Promise<void> {
    return this.#append({ kind: "begin", token, ranges });
  }

  /** The batch was refused as a whole and goes out in halves from now on, after a restart too. */
  split(token: string): Promise<void> {
    return this.#append({ kind: "split", token });
  }

  /** Becomes durable with the next batch: losing it only repeats an insert that its token makes harmless. */
  async done(token: string): Promise<void> {
    this.#state.apply({ kind: "done", token });
    this.#unwritten += encodeRecord({ kind: "done", token });
    await this.#inTurn(() => this.#write("", false)).catch(() => {});
  }

  /** The journal is gone. */
  forget(producer: string, incarnation: string): void {
    this.#state.cursors.delete(cursorKey(producer, incarnation));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  #append(record: LogRecord): Promise<void> {
    return this.#inTurn(async () => {
      await this.#write(encodeRecord(record), true);
      this.#state.apply(record);
      if (this.#length > compactedAtBytes) await this.#compact().catch(() => {});
    });
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(step);
    this.#last = turn.catch(() => {});
    return turn;
  }

  // Always written at the end of the last whole line: what a failed write left there is overwritten.
  async #write(line: string, durable: boolean): Promise<void> {
    const before = this.#unwritten;
    const bytes = Buffer.from(before + line);
    if (bytes.length > 0) {
      const { bytesWritten } = await this.#file.write(bytes, 0, bytes.length, this.#length);
      if (bytesWritten !== bytes.length) throw Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
    }
    if (durable) await this.#file.datasync();
    this.#length += bytes.length;
    this.#unwritten = this.#unwritten.slice(before.length);
  }

  async #compact(): Promise<void> {
    const path = join(this.#directory, logFile);
    const text = Array.from(this.#state.records(), encodeRecord).join("");
    const fresh = await open(`${path}.new`, "w", 0o600);
    try {
      await fresh.writeFile(text);
      await fresh.datasync();
      await rename(`${path}.new`, path);
    } catch (error) {
      await fresh.close();
      throw error;
    }
    const replaced = this.#file;
    this.#file = fresh;
    this.#length = Buffer.byteLength(text);
    this.#unwritten = "";
    await replaced.close();
    await syncFolder(this.#directory);
  }
}

/** Everything that can be read, and where the last whole line ends. */
function readLog(text: string): { state: LogState; damagedCount: number; length: number } {
  const state = new LogState();
  let damagedCount = 0;
  let length = 0;
  let offset = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    offset += Buffer.byteLength(line) + 1;
    const record = decodeRecord(line);
    if (record === undefined) damagedCount++;
    else {
      state.apply(record);
      length = offset;
    }
  }
  return { state, damagedCount, length };
}
