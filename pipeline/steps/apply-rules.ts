import { heldClass, ruleClass, type Telemetry } from "@weir/model";
import { matcherOf, parseFilter, type RowMatcher } from "@weir/query";
import { BlockEdits } from "../blocks/block-edits.ts";
import { type BlockColumn, type BlockLayout, layoutOf, readLayoutOf } from "../blocks/block-layout.ts";
import { BlockRows } from "../blocks/block-rows.ts";
import { keepRows } from "../blocks/keep-rows.ts";
import type { Batch, OpenCall } from "../consumer.ts";
import { spansLeftOut } from "../events.ts";
import type { RecordingRule } from "../rules/config.ts";
import { isContentKey, isMessageKey } from "../rules/content-keys.ts";
import { possibleMatcherOf, type Verdict } from "../rules/possible-match.ts";
import { isSampled } from "../rules/sampling.ts";
import type { BatchStep } from "./batch-step.ts";

interface CompiledRule extends RecordingRule {
  readonly matches: RowMatcher;
  /** Of the span that a log record belongs to, by what the record tells. */
  readonly mayMatchSpanOf: (record: BlockRows) => Verdict;
}

interface ChangedRow {
  readonly row: number;
  readonly content: boolean;
  /** Undefined: as it is. */
  readonly retentionClass: number | undefined;
}

const nothing = Buffer.alloc(0);
const off = Buffer.from("off");
const spanColumns = new Set(["retention_days", "input", "output", "content_format", "content_state", "attributes"]);
const logColumns = new Set(["body", "attributes"]);
/** What a log record tells of its span. */
const toldByLogs = new Set(["trace_id", "span_id", "service_name", "environment"]);

/**
 * Decides for each span, by the first rule that fits, whether it is recorded, with its content or without, how long; and
 * for each log record that holds content of a call, whether that content is kept.
 */
export class ApplyRulesStep implements BatchStep {
  readonly #rules: readonly CompiledRule[];
  readonly #telemetry: Telemetry;

  constructor(rules: readonly RecordingRule[], telemetry: Telemetry) {
    this.#rules = rules.map((rule) => {
      const filter = parseFilter(rule.when);
      const mayMatchSpanOf = possibleMatcherOf(filter, (field) => toldByLogs.has(field));
      return { ...rule, matches: matcherOf(filter), mayMatchSpanOf };
    });
    this.#telemetry = telemetry;
  }

  onBatch(batch: Batch): Batch {
    if (this.#rules.length === 0 || batch.rowCount === 0) return batch;
    if (batch.table === "logs") return this.#withoutLogContent(batch);
    return batch.table === "spans" ? this.#recorded(batch) : batch;
  }

  #recorded(batch: Batch): Batch {
    const rows = new BlockRows(readLayoutOf(batch));
    const kept: number[] = [];
    const changed: ChangedRow[] = [];
    for (let row = 0; row < rows.rowCount; row++) {
      rows.row = row;
      const rule = this.#ruleFor(rows);
      const change = rule === undefined ? {} : this.#changeOf(rows, rule);
      if (change === undefined) continue;
      kept.push(row);
      const { content = true, retentionClass } = change;
      if (!content || retentionClass !== undefined) changed.push({ row, content, retentionClass });
    }
    const block = changed.length === 0 ? batch.block : withChanges(batch, changed);
    if (kept.length === rows.rowCount) return changed.length === 0 ? batch : { ...batch, block };
    return { ...batch, rowCount: kept.length, block: keepRows(layoutOf(batch.table, block), kept) };
  }

  /** What the rule changes of the span; undefined when it is not recorded. */
  #changeOf(rows: BlockRows, rule: CompiledRule): Partial<Omit<ChangedRow, "row">> | undefined {
    const { record, sample, tail, content, retentionDays } = rule;
    const ownClass = retentionDays === undefined ? undefined : retentionDays + ruleClass;
    if (record && isSampled(rows.text("trace_id"), sample)) return { content, retentionClass: ownClass };
    if (record && tail) {
      return { content, retentionClass: (ownClass ?? rows.number("retention_days") ?? 0) + heldClass };
    }
    this.#telemetry.emit(spansLeftOut, { reason: record ? "sampling" : "rule" });
    return undefined;
  }

  /** Rules are about calls that have ended. */
  onOpenCall(call: OpenCall): OpenCall {
    return call;
  }

  #ruleFor(rows: BlockRows): CompiledRule | undefined {
    const project = rows.text("project_id");
    return this.#rules.find(({ projects, matches }) => projects?.includes(project) !== false && matches(rows));
  }

  /** A record tells less than its span: its content goes where any rule without content may fit the span. */
  #withoutLogContent(batch: Batch): Batch {
    if (this.#rules.every(keepsContent)) return batch;
    const rows = new BlockRows(readLayoutOf(batch));
    const emptied: number[] = [];
    for (let row = 0; row < rows.rowCount; row++) {
      rows.row = row;
      if (!this.#keepsContentOf(rows)) emptied.push(row);
    }
    if (emptied.length === 0) return batch;
    const layout = layoutOf(batch.table, batch.block, logColumns);
    const edits = new BlockEdits(layout.bytes);
    for (const row of emptied) {
      rows.row = row;
      emptyLog(edits, layout, row, rows.text("event_name").startsWith("gen_ai."));
    }
    return edits.isEmpty ? batch : { ...batch, block: edits.apply() };
  }

  #keepsContentOf(record: BlockRows): boolean {
    const project = record.text("project_id");
    for (const rule of this.#rules) {
      if (rule.projects?.includes(project) === false) continue;
      const verdict = rule.mayMatchSpanOf(record);
      if (verdict !== false && !keepsContent(rule)) return false;
      if (verdict === true) return true;
    }
    return true;
  }
}

function keepsContent({ record, content }: CompiledRule): boolean {
  return record && content;
}

function withChanges({ table, block }: Batch, changed: readonly ChangedRow[]): Buffer {
  const layout = layoutOf(table, block, spanColumns);
  const edits = new BlockEdits(layout.bytes);
  for (const change of changed) applyTo(edits, layout, change);
  return edits.apply();
}

function applyTo(edits: BlockEdits, layout: BlockLayout, { row, content, retentionClass }: ChangedRow): void {
  for (const column of layout.columns) {
    if (column.kind === "fixed" && column.name === "retention_days" && retentionClass !== undefined) {
      const days = Buffer.alloc(2);
      days.writeUInt16LE(retentionClass);
      edits.replace(column.valuesFrom + row * 2, column.valuesFrom + row * 2 + 2, days);
    }
    if (content || !spanColumns.has(column.name)) continue;
    if (column.kind === "map") emptyAttributes(edits, layout.bytes, column, row, isContentKey);
    else if (column.kind === "text") {
      const text = column.name === "content_state" ? off : nothing;
      edits.replaceText(column.texts.from[row] as number, column.texts.to[row] as number, text);
    }
  }
}

/** `isAboutCall`: the record is an event of GenAI's conventions, of which the body is content. */
function emptyLog(edits: BlockEdits, { bytes, columns }: BlockLayout, row: number, isAboutCall: boolean): void {
  for (const column of columns) {
    if (column.kind === "map" && column.name === "attributes") {
      emptyAttributes(edits, bytes, column, row, isAboutCall ? isMessageKey : isContentKey);
    } else if (column.kind === "text" && column.name === "body" && isAboutCall) {
      edits.replaceText(column.texts.from[row] as number, column.texts.to[row] as number, nothing);
    }
  }
}

function emptyAttributes(
  edits: BlockEdits,
  bytes: Buffer,
  { ends, keys, values }: Extract<BlockColumn, { kind: "map" }>,
  row: number,
  isContent: (key: string) => boolean,
): void {
  const end = ends[row] as number;
  for (let index = row === 0 ? 0 : (ends[row - 1] as number); index < end; index++) {
    if (!isContent(bytes.toString("utf8", keys.from[index], keys.to[index]))) continue;
    edits.replaceText(values.from[index] as number, values.to[index] as number, nothing);
  }
}
