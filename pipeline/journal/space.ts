import { stat } from "node:fs/promises";
import { join } from "node:path";
import { listFolders, listSegments, segmentFile } from "./layout.ts";

const leastCountIntervalMs = 100;
const usualCountIntervalMs = 1000;

/** What a producer's segments take on disk: counted now and then, and in between what was added since. */
export class Space {
  readonly #producerFolder: string;
  readonly #limitBytes: number;
  #counted = 0;
  #addedSince = 0;
  #countedAt = Number.NEGATIVE_INFINITY;
  #counting: Promise<void> | undefined;

  constructor(producerFolder: string, limitBytes: number) {
    this.#producerFolder = producerFolder;
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#counted + this.#addedSince;
  }

  hasRoomFor(byteCount: number): boolean {
    return this.usedBytes + byteCount <= this.#limitBytes;
  }

  add(byteCount: number): void {
    this.#addedSince += byteCount;
    // Others of the same producer fill the same space, so it is worth a look before the limit is near.
    if (this.usedBytes > this.#limitBytes / 2) void this.recount(usualCountIntervalMs);
  }

  /** Counts again unless that was done a moment ago. Never rejects: what cannot be counted stays as it was. */
  recount(intervalMs = leastCountIntervalMs): Promise<void> {
    if (this.#counting === undefined && performance.now() - this.#countedAt >= intervalMs) {
      this.#counting = this.#count()
        .catch(() => {})
        .finally(() => {
          this.#counting = undefined;
          this.#countedAt = performance.now();
        });
    }
    return this.#counting ?? Promise.resolve();
  }

  async #count(): Promise<void> {
    const addedBefore = this.#addedSince;
    let counted = 0;
    for (const incarnation of await listFolders(this.#producerFolder)) {
      const folder = join(this.#producerFolder, incarnation);
      for (const segment of await listSegments(folder)) counted += await sizeOf(join(folder, segmentFile(segment)));
    }
    this.#counted = counted;
    this.#addedSince -= addedBefore;
  }
}

/** Zero when the writer has removed the file meanwhile. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
