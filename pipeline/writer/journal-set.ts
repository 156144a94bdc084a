import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { listFolders } from "../journal/layout.ts";
import { ownerIsAlive } from "../journal/owner.ts";
import type { BatchLog } from "./batch-log.ts";
import { FolderWatch } from "./folder-watch.ts";
import { JournalReader, type Pending } from "./journal-reader.ts";

/** While rows keep coming, the journals are looked at this often. */
const lookIntervalMs = 25;
const leftoverAgeMs = 60_000;

/**
 * All journals of the machine. It learns of changes by notices and, where none come, by a slow poll that lists the
 * folders, reads a position of a few bytes each and asks whether the owners live.
 */
export class JournalSet implements Disposable {
  readonly #directory: string;
  readonly #log: BatchLog;
  readonly #pollMs: number;
  readonly #onNotice: () => void;
  readonly #watch = new FolderWatch();
  readonly #readers = new Map<string, JournalReader>();
  readonly #changed = new Set<JournalReader>();
  /** Journals that could not be read, left alone until the next poll. */
  readonly #ailing = new Set<JournalReader>();
  #isPollDue = true;
  #polledAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(directory: string, log: BatchLog, pollMs: number, onNotice: () => void) {
    this.#directory = directory;
    this.#log = log;
    this.#pollMs = pollMs;
    this.#onNotice = onNotice;
  }

  get all(): readonly JournalReader[] {
    return [...this.#readers.values()];
  }

  get readable(): readonly JournalReader[] {
    return this.all.filter((reader) => !this.#ailing.has(reader));
  }

  /** What the readable ones have, as of the last look. */
  get pending(): Pending {
    let rows = 0;
    let bytes = 0;
    for (const { pending } of this.readable) {
      rows += pending.rows;
      bytes += pending.bytes;
    }
    return { rows, bytes };
  }

  /** When `look` has something to do, on the clock of `performance.now`. */
  get lookDueAt(): number {
    const hasNotice = this.#isPollDue || this.#changed.size > 0;
    return hasNotice ? this.#lookedAt + lookIntervalMs : this.#polledAt + this.#pollMs;
  }

  pollSoon(): void {
    if (this.#isPollDue) return;
    this.#isPollDue = true;
    this.#onNotice();
  }

  find(journal: string): JournalReader | undefined {
    return this.#readers.get(journal);
  }

  /** Sees what is new, or everything when a poll is due; says whether it was a poll. */
  async look(): Promise<boolean> {
    this.#lookedAt = performance.now();
    const isPoll = this.#isPollDue || this.#lookedAt - this.#polledAt >= this.#pollMs;
    const changed = isPoll ? this.#readers.values() : [...this.#changed];
    this.#changed.clear();
    if (isPoll) {
      this.#isPollDue = false;
      this.#polledAt = this.#lookedAt;
      this.#ailing.clear();
      await this.#findJournals();
    }
    for (const reader of changed) await reader.look(isPoll);
    return isPoll;
  }

  leaveAlone(reader: JournalReader): void {
    this.#ailing.add(reader);
  }

  /** Deletes the journal and forgets it. */
  async remove(reader: JournalReader): Promise<void> {
    this.#watch.remove(reader.folder);
    await reader.remove();
    this.#readers.delete(reader.key);
    this.#changed.delete(reader);
    this.#log.forget(reader.producer, reader.incarnation);
  }

  /** Deletes what a process that died while it made or removed a journal has left. */
  async removeLeftovers(): Promise<void> {
    for (const producer of await listFolders(this.#directory)) {
      const folder = join(this.#directory, producer);
      for (const name of await readdir(folder)) {
        if (name.startsWith(".") && (await isLeftover(join(folder, name)))) {
          await rm(join(folder, name), { recursive: true, force: true });
        }
      }
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #findJournals(): Promise<void> {
    this.#watch.add(this.#directory, (name) => {
      // The writer's own files are no news.
      if (!name.startsWith("writer.")) this.pollSoon();
    });
    for (const producer of await listFolders(this.#directory)) {
      this.#watch.add(join(this.#directory, producer), () => this.pollSoon());
      for (const incarnation of await listFolders(join(this.#directory, producer))) this.#follow(producer, incarnation);
    }
  }

  #follow(producer: string, incarnation: string): void {
    if (this.#readers.has(`${producer}/${incarnation}`)) return;
    const cursor = this.#log.cursor(producer, incarnation);
    const reader = new JournalReader(this.#directory, producer, incarnation, cursor);
    this.#readers.set(reader.key, reader);
    this.#watch.add(reader.folder, () => this.#noteChange(reader));
  }

  #noteChange(reader: JournalReader): void {
    if (this.#changed.has(reader)) return;
    this.#changed.add(reader);
    this.#onNotice();
  }
}

async function isLeftover(path: string): Promise<boolean> {
  if (path.endsWith(".removed")) return true;
  const { mtimeMs } = await stat(path);
  return Date.now() - mtimeMs > leftoverAgeMs && !ownerIsAlive(path);
}
