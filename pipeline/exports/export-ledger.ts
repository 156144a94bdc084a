import { link, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Telemetry } from "@weir/model";
import type { Batch } from "../consumer.ts";
import { exportMemoryFailed, exportResent } from "../events.ts";
import type { Journal } from "../journal/contract.ts";
import { readFrames } from "../journal/frame.ts";
import { listFolders, listSegments, segmentFile, segmentKey } from "../journal/layout.ts";
import { ownerIsAlive } from "../journal/owner.ts";
import { FolderWatch } from "../writer/folder-watch.ts";
import { type ExportKey, leastKeyPart } from "./export-key.ts";
import { ExportLog, type LoggedExport, readExportLog } from "./export-log.ts";
import { ExportMemory } from "./export-memory.ts";

/*
 * How an export that comes again is known after a crash:
 *
 * Its key stands in the frame of its rows, among the frame's `closes`: rows and key become durable together. Once
 * they are, the key is also appended to a log, and then the sender gets its answer. So of what was durable when a
 * process died, only exports at the very end of its journal can be missing in its log; they are read from the
 * journal's last segments. Those may be drained and deleted before the next process looks, so the ledger holds each
 * of the last two by a link of its own, and lets go of older ones once the log is on disk.
 *
 *   <directory>/<incarnation of the journal>/1.log, 2.log …     keys, a file a generation
 *   <directory>/<incarnation of the journal>/00000007.journal   a link to a segment
 */
export interface ExportLedgerOptions {
  readonly journal: Journal;
  /** The folder of the ledgers of this machine's receivers. On the file system of the journal. */
  readonly directory: string;
  /** How long an export is remembered at least. Default 15 minutes. */
  readonly windowMs?: number;
  /** Most exports that are remembered. Default a million, which takes about 32 MB. */
  readonly limit?: number;
  readonly telemetry: Telemetry;
  /** Wall clock in ms since 1970; for tests. */
  readonly now?: () => number;
}

/** Takes each export once, however often it is sent. */
export interface ExportLedger extends AsyncDisposable {
  /**
   * Hands the rows on unless the export was taken before, within the window. Resolves once they are durable: with
   * true when it is by this call, with false when they were known. Rejects as `Consumer.consume` does, or with what
   * `rows` throws; the export is then unknown. `rows` is called at most once, at once, and may say that there are none.
   */
  takeOnce(key: ExportKey, rows: () => Batch | undefined): Promise<boolean>;
}

const upkeepIntervalMs = 1000;
/** Of a trouble that lasts, a line is logged this often. */
const tellIntervalMs = 60_000;
/** Segments that are held: the one being written, and the one before it. */
const heldSegments = 2;
const logName = /^\d+\.log$/;
const segmentName = /^(\d{8})\.journal$/;

class FileLedger implements ExportLedger {
  readonly #journal: Journal;
  readonly #directory: string;
  readonly #folder: string;
  readonly #windowMs: number;
  readonly #telemetry: Telemetry;
  readonly #now: () => number;
  readonly #memory: ExportMemory;
  /** Exports that are on their way to the disk. */
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #watch = new FolderWatch();
  readonly #held = new Set<number>();
  /** Logs of other processes that still live, and how far they were read. */
  readonly #followed = new Map<string, number>();
  readonly #upkeepTimer: NodeJS.Timeout;
  #log: ExportLog | undefined;
  #logCount = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  #upkeep: Promise<void> | undefined;

  constructor(options: ExportLedgerOptions) {
    this.#journal = options.journal;
    this.#directory = options.directory;
    this.#folder = join(options.directory, options.journal.incarnation);
    this.#windowMs = options.windowMs ?? 15 * 60_000;
    this.#telemetry = options.telemetry;
    this.#now = options.now ?? Date.now;
    this.#memory = new ExportMemory({ windowMs: this.#windowMs, limit: options.limit ?? 1_000_000 }, this.#now());
    this.#upkeepTimer = setInterval(() => void this.#keepUp(), upkeepIntervalMs).unref();
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#nextLog();
    for (const incarnation of await listFolders(this.#directory)) {
      if (incarnation !== this.#journal.incarnation) await this.#recover(incarnation);
    }
    this.#watch.add(this.#journal.folder, () => void this.#keepUp());
  }

  takeOnce(key: ExportKey, rows: () => Batch | undefined): Promise<boolean> {
    const name = `${key.high}/${key.low}`;
    const before = this.#underWay.get(name);
    if (before !== undefined || this.#memory.has(key)) {
      this.#telemetry.emit(exportResent);
      return before === undefined ? Promise.resolve(false) : before.then(() => false);
    }
    const taken = this.#take(key, rows);
    this.#underWay.set(name, taken);
    const forget = () => this.#underWay.delete(name);
    taken.then(forget, forget);
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#upkeepTimer);
    this.#watch[Symbol.dispose]();
    await this.#upkeep;
    await this.#tried(async () => {
      await this.#log?.sync();
      await this.#log?.close();
      for (const segment of this.#held) await rm(join(this.#folder, segmentFile(segment)), { force: true });
    });
  }

  async #take(key: ExportKey, rows: () => Batch | undefined): Promise<boolean> {
    const batch = rows();
    if (batch === undefined) return true;
    await this.#journal.consume({ ...batch, closes: [...(batch.closes ?? []), key.high, key.low] });
    const nowMs = this.#now();
    if (this.#memory.add(key, nowMs)) void this.#keepUp(true);
    await this.#tried(() => this.#log?.append(key, nowMs));
    return true;
  }

  /** A ledger that cannot write is still one while its process lives: what goes wrong is told, and refuses nothing. */
  async #tried(step: () => Promise<void> | undefined): Promise<void> {
    try {
      await step();
    } catch (error) {
      const nowMs = performance.now();
      if (nowMs - this.#toldMs < tellIntervalMs) return;
      this.#toldMs = nowMs;
      this.#telemetry.emit(exportMemoryFailed, { error: String(error) });
    }
  }

  /** One at a time; what is asked for meanwhile waits for the next second. */
  #keepUp(isNewGeneration = false): Promise<void> {
    this.#upkeep ??= this.#tried(async () => {
      await this.#holdSegments();
      if (this.#followed.size > 0) await this.#follow();
      if (isNewGeneration) await this.#nextGeneration();
    }).finally(() => {
      this.#upkeep = undefined;
    });
    return this.#upkeep;
  }

  async #holdSegments(): Promise<void> {
    for (const segment of (await listSegments(this.#journal.folder)).slice(-heldSegments)) {
      if (this.#held.has(segment)) continue;
      const name = segmentFile(segment);
      await link(join(this.#journal.folder, name), join(this.#folder, name)).catch(ignoreMissing);
      this.#held.add(segment);
    }
    const old = [...this.#held].sort((one, other) => one - other).slice(0, -heldSegments);
    if (old.length > 0) await this.#log?.sync();
    for (const segment of old) {
      await rm(join(this.#folder, segmentFile(segment)), { force: true });
      this.#held.delete(segment);
    }
  }

  async #nextGeneration(): Promise<void> {
    await this.#nextLog();
    // Whose last record is older than this is void for everybody.
    const oldestMs = this.#now() - 2 * this.#windowMs;
    for (const incarnation of await listFolders(this.#directory)) {
      const folder = join(this.#directory, incarnation);
      const isOwn = incarnation === this.#journal.incarnation;
      const names = (await readdir(folder).catch(() => [])).filter((name) => !isOwn || logName.test(name));
      const times = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mtimeMs));
      if (!isOwn && times.every((timeMs) => timeMs < oldestMs)) await rm(folder, { recursive: true, force: true });
      if (!isOwn) continue;
      for (const [index, name] of names.entries()) {
        if ((times[index] as number) < oldestMs) await rm(join(folder, name), { force: true });
      }
    }
  }

  async #nextLog(): Promise<void> {
    const before = this.#log;
    this.#log = await ExportLog.create(join(this.#folder, `${++this.#logCount}.log`));
    await before?.sync();
    await before?.close();
  }

  /** Learns what another process, dead or about to go, had taken. */
  async #recover(incarnation: string): Promise<void> {
    const folder = join(this.#directory, incarnation);
    const journalFolder = join(dirname(this.#journal.folder), incarnation);
    const isAlive = ownerIsAlive(journalFolder);
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((it) => logName.test(it))) {
      const { exports, end } = await readExportLog(join(folder, name));
      this.#remember(exports);
      if (isAlive) this.#followed.set(join(folder, name), end);
    }
    const held = names.filter((it) => segmentName.test(it));
    for (const name of held) await this.#readSegment(folder, name, incarnation);
    // And what it had not come to hold.
    for (const segment of (await listSegments(journalFolder)).slice(-heldSegments)) {
      if (!held.includes(segmentFile(segment)))
        await this.#readSegment(journalFolder, segmentFile(segment), incarnation);
    }
    if (isAlive) return;
    await this.#log?.sync();
    for (const name of held) await rm(join(folder, name), { force: true });
  }

  async #readSegment(folder: string, name: string, incarnation: string): Promise<void> {
    const bytes = await readFile(join(folder, name)).catch(() => undefined);
    if (bytes === undefined) return;
    const { frames } = readFrames(bytes, 0, segmentKey(incarnation, Number(segmentName.exec(name)?.[1])));
    for (const { closes, timeMs } of frames) {
      const parts = closes.filter((number) => number >= leastKeyPart);
      for (let index = 0; index + 1 < parts.length; index += 2) {
        const key = { high: parts[index] as number, low: parts[index + 1] as number };
        if (this.#memory.has(key)) continue;
        this.#remember([{ key, timeMs }]);
        await this.#log?.append(key, timeMs);
      }
    }
  }

  #remember(exports: readonly LoggedExport[]): void {
    const nowMs = this.#now();
    for (const { key, timeMs } of exports) if (timeMs > nowMs - this.#windowMs - 1000) this.#memory.add(key, nowMs);
  }

  async #follow(): Promise<void> {
    for (const [path, from] of this.#followed) {
      const isAlive = ownerIsAlive(join(dirname(this.#journal.folder), dirname(path).split("/").at(-1) ?? ""));
      const { exports, end } = await readExportLog(path, from);
      this.#remember(exports);
      if (isAlive) this.#followed.set(path, end);
      else this.#followed.delete(path);
    }
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

/** Opens the ledger of the journal's process, knowing what those before it had taken. Rejects when its folder cannot be made. */
export async function openExportLedger(options: ExportLedgerOptions): Promise<ExportLedger> {
  const ledger = new FileLedger(options);
  await ledger.open();
  return ledger;
}
