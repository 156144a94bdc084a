import { heldClass, type ProjectId, type Retention, ruleClass } from "@weir/model";
import { Bindings } from "./bindings.ts";
import type { SqlWriter } from "./reader.ts";

const nanosecondsPerDay = 86_400_000_000_000n;

const clearContent =
  "UPDATE input = '', output = '', input_preview = '', output_preview = '', content_state = 'expired'";
const clearPreviews = "UPDATE input_preview = '', output_preview = ''";

/** A change to rows of one table that have grown too old. */
interface Expiry {
  readonly table: string;
  readonly change: "DELETE" | typeof clearContent | typeof clearPreviews;
  /** Stands in the condition: by it a change that is still under way is known. */
  readonly mark: string;
  readonly condition: string;
}

/**
 * Takes away what has grown older than the project's retention allows and does not go by itself: rows expire in
 * storage by the retention that their project had when they came, so this is for retention that was shortened since,
 * and for content that goes before its span. Resolves with the rows that are going, by table; they go in the
 * background, and a second call meanwhile starts nothing anew.
 */
export async function expireData(
  writer: SqlWriter,
  project: ProjectId,
  retention: Retention,
  nowUnixNano: bigint,
): Promise<Record<string, number>> {
  const going: Record<string, number> = {};
  const bindings = new Bindings(project);
  for (const { table, change, mark, condition } of expiriesOf(bindings, retention, nowUnixNano)) {
    const [counted] = await writer.query<{ rows: unknown }>(
      `SELECT count() AS rows FROM ${table} WHERE ${condition}`,
      bindings.params,
    );
    const rows = Number(counted?.rows ?? 0);
    if (rows === 0 || (await writer.isMutating(mark))) continue;
    await writer.mutate(table, `${change} WHERE ${condition}`, bindings.params);
    going[table] = (going[table] ?? 0) + rows;
  }
  return going;
}

function expiriesOf(bindings: Bindings, retention: Retention, nowUnixNano: bigint): Expiry[] {
  const { spansDays, contentDays, logsDays, metricPointsDays } = retention;
  const expiry = (
    what: "rows" | "content",
    table: string,
    change: Expiry["change"],
    column: string,
    days: number,
    further: string,
  ): Expiry => {
    const mark = `expiry of ${what} of ${bindings.params["project"]} in ${table}`;
    const cutoff = bindings.instant(nowUnixNano - BigInt(days) * nanosecondsPerDay);
    const marked = `${bindings.bind("String", mark)} != ''`;
    return {
      table,
      change,
      mark,
      condition: `${bindings.tenant} AND ${column} < ${cutoff} AND ${further} AND ${marked}`,
    };
  };
  // Of an earlier, longer class: what is of this one goes with its part, and what a rule keeps longer stays.
  const rows = (table: string, column: string, days: number) => {
    const isLonger = `retention_days % ${bindings.bind("UInt32", heldClass)} > ${bindings.bind("UInt32", days)}`;
    return expiry(
      "rows",
      table,
      "DELETE",
      column,
      days,
      `retention_days < ${bindings.bind("UInt32", ruleClass)} AND ${isLonger}`,
    );
  };
  const expiries = [
    rows("spans", "start_time", spansDays),
    rows("traces", "start_time", spansDays),
    rows("trace_index", "start_time", spansDays),
    rows("logs", "time", logsDays),
    rows("metric_points", "time", metricPointsDays),
  ];
  if (contentDays === spansDays) return expiries;
  const isKept = "content_state NOT IN ('expired', 'off')";
  const hasPreview = "(input_preview != '' OR output_preview != '')";
  const isContent = "startsWith(event_name, 'gen_ai.')";
  return [
    ...expiries,
    expiry("content", "spans", clearContent, "start_time", contentDays, isKept),
    expiry("content", "traces", clearPreviews, "start_time", contentDays, hasPreview),
    expiry("content", "logs", "DELETE", "time", contentDays, isContent),
  ];
}
