import { type FileHandle, open, readFile } from "node:fs/promises";
import { type ExportKey, leastKeyPart } from "./export-key.ts";

/*
 * A record: high u48, low u48 (big-endian, without the base that they stand on), seconds since 1970 u32. A record that
 * is cut off or all zero, as a crash of the machine may leave one, is none.
 */
const recordLength = 16;

export interface LoggedExport {
  readonly key: ExportKey;
  /** ms since 1970, to the second. */
  readonly timeMs: number;
}

/** An append-only file of the keys of exports. Records that wait for a write are written together. */
export class ExportLog {
  readonly #file: FileHandle;
  #pending: Buffer[] = [];
  /** The write that what is appended now will go with. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  static async create(path: string): Promise<ExportLog> {
    return new ExportLog(await open(path, "ax", 0o600));
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Resolves once the operating system has the record: it then outlives this process. Rejects when the disk fails. */
  append(key: ExportKey, timeMs: number): Promise<void> {
    this.#pending.push(encodeRecord(key, timeMs));
    if (this.#next === undefined) {
      this.#next = this.#last.then(() => this.#write());
      this.#last = this.#next.catch(() => {});
    }
    return this.#next;
  }

  /** Resolves once everything appended is on disk. */
  async sync(): Promise<void> {
    await this.#last;
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    const records = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#next = undefined;
    await this.#file.appendFile(records);
  }
}

function encodeRecord({ high, low }: ExportKey, timeMs: number): Buffer {
  const record = Buffer.allocUnsafe(recordLength);
  record.writeUIntBE(high - leastKeyPart, 0, 6);
  record.writeUIntBE(low - leastKeyPart, 6, 6);
  record.writeUInt32BE(Math.floor(timeMs / 1000), 12);
  return record;
}

/** The records of a file from an offset on, and where they end. Empty when the file is gone. */
export async function readExportLog(path: string, from = 0): Promise<{ exports: LoggedExport[]; end: number }> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const exports: LoggedExport[] = [];
  let offset = from;
  for (; offset + recordLength <= bytes.length; offset += recordLength) {
    const seconds = bytes.readUInt32BE(offset + 12);
    if (seconds === 0) continue;
    const key = {
      high: leastKeyPart + bytes.readUIntBE(offset, 6),
      low: leastKeyPart + bytes.readUIntBE(offset + 6, 6),
    };
    exports.push({ key, timeMs: seconds * 1000 });
  }
  return { exports, end: offset };
}
