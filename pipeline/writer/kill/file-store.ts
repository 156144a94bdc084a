import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BlockValue, readBlocks } from "../../blocks/block-reader.ts";
import type { InsertBatch, Inserter } from "../../consumer.ts";

/** A store that survives a kill and drops a token that it has seen: one file a token. */
export class FileStore implements Inserter {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async insert({ token, blocks }: InsertBatch): Promise<void> {
    const path = join(this.#folder, createHash("sha256").update(token).digest("hex"));
    await sleep(3);
    if (!existsSync(path)) {
      writeFileSync(`${path}.new`, Buffer.concat([...blocks]));
      renameSync(`${path}.new`, path);
    }
    await sleep(3);
  }

  get rows(): Record<string, BlockValue>[] {
    const files = readdirSync(this.#folder).filter((name) => !name.endsWith(".new"));
    return files.flatMap((name) => readBlocks(readFileSync(join(this.#folder, name)), "spans"));
  }
}
