import type { ProjectId } from "@weir/model";
import type { Filter } from "@weir/query";
import { Bindings } from "./bindings.ts";
import { type CallSummaryRow, type RawRow, summarySelection, toCallSummary } from "./call-row.ts";
import { filterConditions, withKinds } from "./compile-filter.ts";
import { type Cursor, decodeCursor, encodeCursor } from "./cursor.ts";
import { noteFirstPage, sinceFirstPage } from "./first-pages.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import type { Statement } from "./statement.ts";
import { spansStartedWithin, type TimeRange } from "./time-range.ts";
import { daysFirst, timeWindows } from "./time-windows.ts";

export interface ListCallsQuestion {
  readonly range: TimeRange;
  readonly filter: Filter;
  /** True: steps of every kind; else calls, unless the filter is about kinds. */
  readonly everyKind?: boolean | undefined;
  readonly order?: ListOrder | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Page<Item> {
  readonly data: Item[];
  readonly next_cursor: string | null;
}

/** The kinds that a list of calls shows unless told otherwise. */
const callKinds = ["llm", "embedding", "reranker", "http"];

/** By the start of each row. */
export type ListOrder = "newest" | "oldest";

/** What a list of rows is sorted by. */
export function inOrderOf(order: ListOrder): string {
  return order === "newest" ? "start_time DESC, span_id DESC" : "start_time, span_id";
}

/** The same, said so that rows are read in the order of the key of `spans`, and no more of them than a page needs. */
function inKeyOrderOf(order: ListOrder): string {
  return `toStartOfTenMinutes(start_time)${order === "newest" ? " DESC" : ""}, ${inOrderOf(order)}`;
}

/** Calls, newest first unless told otherwise. Pages stay stable while rows arrive. */
export async function listCalls(
  reader: SqlReader,
  project: ProjectId,
  question: ListCallsQuestion,
  options?: ReadOptions,
): Promise<Page<CallSummaryRow>> {
  const rows: RawRow[] = [];
  // Two threads would read twice as far before they know that a page is full.
  const reading = { ...options, threads: 1 };
  for (const range of windowsOf(reader, project, question)) {
    const { sql, params } = listCallsStatement(project, { ...question, range, limit: question.limit - rows.length });
    rows.push(...(await reader.query<RawRow>(sql, params, reading)));
    if (rows.length > question.limit) break;
  }
  const last = rows.at(-1);
  if (isFirstOfNewest(question) && rows.length > question.limit && last !== undefined) {
    const oldestUnixNano = BigInt(String(last["start_nano"]));
    const { toUnixNano } = question.range;
    noteFirstPage(reader, listOf(project, question), { rowCount: rows.length, oldestUnixNano, toUnixNano });
  }
  return pageOf(rows, question.limit, toCallSummary);
}

/** Where a page is looked for, one window after the other. */
function windowsOf(reader: SqlReader, project: ProjectId, question: ListCallsQuestion): TimeRange[] {
  const { range, order = "newest", cursor, limit } = question;
  const end = cursor === undefined ? undefined : decodeCursor(cursor).startTimeUnixNano;
  const since = isFirstOfNewest(question)
    ? sinceFirstPage(reader, listOf(project, question), range, limit + 1)
    : undefined;
  if (since === undefined) return timeWindows(range, order, daysFirst, end);
  const before = { fromUnixNano: range.fromUnixNano, toUnixNano: since };
  return [{ fromUnixNano: since, toUnixNano: range.toUnixNano }, ...timeWindows(before, order, daysFirst, undefined)];
}

function isFirstOfNewest({ order = "newest", cursor }: ListCallsQuestion): boolean {
  return order === "newest" && cursor === undefined;
}

/** What makes two questions ask for the same list, its range and limit aside. */
function listOf(project: ProjectId, { filter, everyKind = false }: ListCallsQuestion): string {
  return JSON.stringify([project, everyKind, filter], (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
}

/** The statement of a page of calls, and one row more. */
export function listCallsStatement(project: ProjectId, question: ListCallsQuestion): Statement {
  const { order = "newest" } = question;
  const bindings = new Bindings(project);
  const filter = question.everyKind === true ? question.filter : withKinds(question.filter, callKinds);
  const conditions = [
    bindings.tenant,
    spansStartedWithin(bindings, question.range),
    ...filterConditions(bindings, filter),
  ];
  if (question.cursor !== undefined) conditions.push(...beyond(bindings, decodeCursor(question.cursor), order));
  const sql = `SELECT ${summarySelection}
FROM spans
WHERE ${conditions.join("\n  AND ")}
ORDER BY ${inKeyOrderOf(order)}
LIMIT ${bindings.bind("UInt32", question.limit + 1)}`;
  return { sql, params: bindings.params };
}

/** The conditions that leave what comes after the cursor. The first lets the primary key skip. */
export function beyond(bindings: Bindings, cursor: Cursor, order: ListOrder): string[] {
  const at = bindings.instant(cursor.startTimeUnixNano);
  const sign = order === "newest" ? "<" : ">";
  return [`start_time ${sign}= ${at}`, `(start_time, span_id) ${sign} (${at}, ${bindings.spanId(cursor.spanId)})`];
}

/** Of one row more than the limit, if there is one: the page, and the cursor to what follows. */
function pageOf<Item>(rows: readonly RawRow[], limit: number, toItem: (row: RawRow) => Item): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map(toItem),
    next_cursor: rows.length > limit && last !== undefined ? cursorAt(last) : null,
  };
}

/** The cursor that a page ending with this row gives. */
export function cursorAt(row: RawRow): string {
  return encodeCursor({ startTimeUnixNano: BigInt(String(row["start_nano"])), spanId: String(row["span_hex"]) });
}
