import { appendFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Lines are `operation \t part \t block`, an escaped TSV; see ClickHouse's MergeTreeDeduplicationLog.cpp. */
const addition = "1";
const removal = "2";
const folderName = "deduplication_logs";
const logName = /^deduplication_log_(\d+)\.txt$/;

/** `partition_firstBlock_lastBlock_level` (a partition's id has no underscore), and behind it the version of a mutation. */
const partName = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;

interface Part {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
}

function partOf(name: string): Part | undefined {
  const [, partition, first, last] = partName.exec(name) ?? [];
  return partition === undefined ? undefined : { partition, first: Number(first), last: Number(last) };
}

/**
 * Makes each table forget the inserts whose parts it does not have. ClickHouse notes the token of an insert before it
 * puts the part in place: killed in between, it would take the repeated insert for a duplicate and drop the rows. To
 * be called while no engine runs on the directory. Returns how many inserts were forgotten; what cannot be read is
 * left as it is.
 */
export async function forgetUnfinishedInserts(directory: string): Promise<number> {
  let forgotten = 0;
  for (const table of await tableFolders(directory)) forgotten += await forgetIn(table);
  return forgotten;
}

async function tableFolders(directory: string): Promise<string[]> {
  const store = join(directory, "store");
  const folders: string[] = [];
  for (const prefix of await namesIn(store)) {
    for (const table of await namesIn(join(store, prefix))) folders.push(join(store, prefix, table));
  }
  return folders;
}

async function forgetIn(table: string): Promise<number> {
  const folder = join(table, folderName);
  const logs = (await namesIn(folder)).filter((name) => logName.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
  const newest = logs.at(-1);
  if (newest === undefined) return 0;
  const noted = new Map<string, string>();
  const texts = await Promise.all(logs.map((log) => readFile(join(folder, log), "utf8").catch(() => "")));
  for (const text of texts) readInto(noted, text);
  // Behind a line that was cut off nothing can be added.
  if (texts.at(-1)?.endsWith("\n") === false && texts.at(-1) !== "") return 0;
  const parts = (await namesIn(table)).map(partOf).filter((part) => part !== undefined);
  const lost = [...noted].filter(([, part]) => !isThere(part, parts));
  if (lost.length === 0) return 0;
  const lines = lost.map(([block, part]) => `${removal}\t${part}\t${block}\n`);
  await appendFile(join(folder, newest), lines.join(""));
  return lost.length;
}

const numberOf = (log: string) => Number(logName.exec(log)?.[1]);

/** Block → part, as the lines leave it. A line that was cut off is not read by ClickHouse either. */
function readInto(noted: Map<string, string>, text: string): void {
  for (const line of text.split("\n").slice(0, -1)) {
    const [operation, part, block] = line.split("\t");
    if (part === undefined || block === undefined) continue;
    if (operation === addition) noted.set(block, part);
    else if (operation === removal) noted.delete(block);
  }
}

/** The part itself, or one that it was merged into. */
function isThere(name: string, parts: readonly Part[]): boolean {
  const sought = partOf(name);
  if (sought === undefined) return true;
  return parts.some(
    ({ partition, first, last }) => partition === sought.partition && first <= sought.first && last >= sought.last,
  );
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
