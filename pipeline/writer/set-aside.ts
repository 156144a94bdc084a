import { mkdir, open, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { setAsideFolder } from "../journal/layout.ts";
import { syncFolder } from "../journal/segment-file.ts";

/**
 * The folder for what must not be lost and cannot be stored: refused rows as Native files that ClickHouse reads
 * (`INSERT INTO spans FORMAT Native < file`), with the reason beside them, and parts of segments that are no frames.
 * It grows to a limit and no further; an operator empties it.
 */
export class SetAside {
  readonly #folder: string;
  readonly #limitBytes: number;

  constructor(directory: string, limitBytes: number) {
    this.#folder = join(directory, setAsideFolder);
    this.#limitBytes = limitBytes;
  }

  /** Resolves with true once the bytes are durable, with false when there is no room for them. The same name replaces. */
  async keep(name: string, parts: readonly Uint8Array[], reason?: Readonly<Record<string, unknown>>): Promise<boolean> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const byteCount = parts.reduce((sum, part) => sum + part.length, 0);
    if ((await this.#usedBytes()) + byteCount > this.#limitBytes) return false;
    const path = join(this.#folder, name.replaceAll(/[^A-Za-z0-9_.-]/g, "_"));
    if (reason !== undefined) await this.#write(`${path}.json`, [Buffer.from(`${JSON.stringify(reason, null, 2)}\n`)]);
    await this.#write(path, parts);
    await syncFolder(this.#folder);
    return true;
  }

  async #write(path: string, parts: readonly Uint8Array[]): Promise<void> {
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      for (const part of parts) await file.writeFile(part);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  async #usedBytes(): Promise<number> {
    let used = 0;
    for (const name of await readdir(this.#folder)) used += (await stat(join(this.#folder, name))).size;
    return used;
  }
}
