import type { ProjectId, TableName } from "@weir/model";
import { BlockEdits } from "../blocks/block-edits.ts";
import { type BlockColumn, type BlockLayout, layoutOf, type TextPlaces } from "../blocks/block-layout.ts";
import type { Look } from "./look.ts";
import type { FoundCounts, Redactor } from "./redactor.ts";

/** The attribute of a row that says what was taken out of it: `email:1 openai_key:2`. */
export const redactedAttribute = "weir.redacted";

/** Who and what for: the sender chose them to tell rows apart, so that personal data in them stays. */
const identifierColumns = new Set(["user_id", "session_id"]);
/** Tables whose rows say what was taken out; an attribute more would make another series of a metric's point. */
const noteColumn = "attributes";
const tablesWithNote = new Set<TableName>(["spans", "logs"]);

export interface RedactedBlock {
  readonly block: Uint8Array;
  readonly found: FoundCounts;
}

/**
 * The columns of a block in which the redactor may find something: each of their texts is looked at, labels once.
 */
export function columnsOfConcern({ bytes, columns }: BlockLayout, redactor: Redactor): ReadonlySet<string> {
  const look = redactor.lookInto(bytes);
  const concerned = new Set<string>();
  for (const column of columns) {
    if (column.kind === "fixed" || column.kind === "list" || column.name === "project_id") continue;
    const isIdentifier = identifierColumns.has(column.name);
    const isConcerned = (texts: TextPlaces) => look.concernsAny(texts, isIdentifier);
    if (column.kind === "text") {
      if (isConcerned(column.labels ?? column.texts)) concerned.add(column.name);
    } else if (column.kind === "texts") {
      if (isConcerned(column.texts)) concerned.add(column.name);
    } else if (isConcerned(column.labels ?? column.keys) || isConcerned(column.values)) concerned.add(column.name);
  }
  return concerned;
}

/**
 * The block with each text in these columns redacted by its project's redactor. Undefined when nothing was to be taken
 * out. Throws a RangeError for bytes that are no block.
 */
export function redactBlock(
  table: TableName,
  block: Uint8Array,
  concerned: ReadonlySet<string>,
  redactorOf: (project: ProjectId) => Redactor,
): RedactedBlock | undefined {
  const hasNote = tablesWithNote.has(table);
  const edited = new Set([...concerned, ...(hasNote ? [noteColumn] : [])]);
  const { bytes, rowCount, columns } = layoutOf(table, block, edited);
  const edits = new BlockEdits(bytes);
  const redactors = redactorsOfRows(bytes, rowCount, columns, redactorOf);
  const foundByRow: (FoundCounts | undefined)[] = new Array(rowCount).fill(undefined);
  const redactTexts = (texts: TextPlaces, first: number, end: number, row: number, isIdentifier: boolean) => {
    const { redactor, look } = redactors[row] as RowRedactor;
    for (let index = first; index < end; index++) {
      const from = texts.from[index] as number;
      const to = texts.to[index] as number;
      if (!look.concerns(from, to, isIdentifier)) continue;
      foundByRow[row] ??= new Map();
      const redacted = redactor.redact(bytes, from, to, foundByRow[row], isIdentifier);
      if (redacted !== undefined) edits.replaceText(from, to, redacted);
    }
  };
  for (const column of columns) {
    if (column.kind === "fixed" || column.kind === "list" || !concerned.has(column.name)) continue;
    const isIdentifier = identifierColumns.has(column.name);
    for (let row = 0; row < rowCount; row++) {
      if (column.kind === "text") {
        redactTexts(column.texts, row, row + 1, row, isIdentifier);
        continue;
      }
      const [first, end] = elementsOf(column.ends, row);
      redactTexts(column.kind === "texts" ? column.texts : column.keys, first, end, row, isIdentifier);
    }
    if (column.kind !== "map") continue;
    // Behind all the keys.
    for (let row = 0; row < rowCount; row++) {
      const [first, end] = elementsOf(column.ends, row);
      redactTexts(column.values, first, end, row, isIdentifier);
    }
  }
  if (edits.isEmpty) return undefined;
  if (hasNote) addNotes(edits, columns, foundByRow);
  return { block: edits.apply(), found: total(foundByRow) };
}

/** What was found, as the attribute says it. */
export function noteOf(found: FoundCounts): string {
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, count]) => `${name}:${count}`)
    .join(" ");
}

interface RowRedactor {
  readonly redactor: Redactor;
  /** One for all rows of the redactor. */
  readonly look: Look;
}

function redactorsOfRows(
  bytes: Buffer,
  rowCount: number,
  columns: readonly BlockColumn[],
  redactorOf: (project: ProjectId) => Redactor,
): RowRedactor[] {
  const column = columns.find(({ name }) => name === "project_id");
  if (column?.kind !== "text") throw new RangeError("the block does not say whose rows it has");
  const { from, to } = column.texts;
  const looks = new Map<Redactor, Look>();
  let project = "";
  let redactor: Redactor | undefined;
  return Array.from({ length: rowCount }, (_, row) => {
    const own = bytes.toString("utf8", from[row], to[row]);
    if (redactor === undefined || own !== project) redactor = redactorOf(own as ProjectId);
    project = own;
    const look = looks.get(redactor) ?? redactor.lookInto(bytes);
    looks.set(redactor, look);
    return { redactor, look };
  });
}

function elementsOf(ends: Uint32Array, row: number): readonly [first: number, end: number] {
  return [row === 0 ? 0 : (ends[row - 1] as number), ends[row] as number];
}

function addNotes(
  edits: BlockEdits,
  columns: readonly BlockColumn[],
  foundByRow: readonly (FoundCounts | undefined)[],
) {
  const column = columns.find(({ name }) => name === noteColumn);
  if (column?.kind !== "map") return;
  const { ends, keys, values, dataFrom } = column;
  const valuesFrom = keys.to.at(-1) ?? dataFrom + ends.length * 8;
  const keysFrom = dataFrom + ends.length * 8;
  const newEnds = Buffer.alloc(ends.length * 8);
  const noted: { end: number; note: string }[] = [];
  for (let row = 0; row < ends.length; row++) {
    const end = ends[row] as number;
    const found = foundByRow[row];
    if (found !== undefined && found.size > 0) noted.push({ end, note: noteOf(found) });
    newEnds.writeUInt32LE(end + noted.length, row * 8);
  }
  edits.replace(dataFrom, keysFrom, newEnds);
  // All keys before all values: without attributes both begin at one place.
  for (const { end } of noted) {
    edits.insertText(end === 0 ? keysFrom : (keys.to[end - 1] as number), Buffer.from(redactedAttribute));
  }
  for (const { end, note } of noted) {
    edits.insertText(end === 0 ? valuesFrom : (values.to[end - 1] as number), Buffer.from(note));
  }
}

function total(counts: readonly (FoundCounts | undefined)[]): FoundCounts {
  const sum: FoundCounts = new Map();
  for (const found of counts) {
    if (found !== undefined) for (const [name, count] of found) sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return sum;
}
