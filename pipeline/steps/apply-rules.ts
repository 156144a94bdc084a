import type { Telemetry } from "@weir/model";
import { matcherOf, parseFilter, type RowMatcher } from "@weir/query";
import { BlockEdits } from "../blocks/block-edits.ts";
import { type BlockLayout, layoutOf } from "../blocks/block-layout.ts";
import { BlockRows } from "../blocks/block-rows.ts";
import { keepRows } from "../blocks/keep-rows.ts";
import type { Batch, OpenCall } from "../consumer.ts";
import { spansLeftOut } from "../events.ts";
import type { RecordingRule } from "../rules/config.ts";
import { isSampled } from "../rules/sampling.ts";
import type { BatchStep } from "./batch-step.ts";

interface CompiledRule extends RecordingRule {
  readonly matches: RowMatcher;
}

const nothing = Buffer.alloc(0);
const off = Buffer.from("off");

/** Decides for each span, by the first rule that fits, whether it is recorded, with its content or without, how long. */
export class ApplyRulesStep implements BatchStep {
  readonly #rules: readonly CompiledRule[];
  readonly #telemetry: Telemetry;

  constructor(rules: readonly RecordingRule[], telemetry: Telemetry) {
    this.#rules = rules.map((rule) => ({ ...rule, matches: matcherOf(parseFilter(rule.when)) }));
    this.#telemetry = telemetry;
  }

  onBatch(batch: Batch): Batch {
    if (this.#rules.length === 0 || batch.table !== "spans" || batch.rowCount === 0) return batch;
    const layout = layoutOf(batch.table, batch.block);
    const rows = new BlockRows(layout);
    const edits = new BlockEdits(layout.bytes);
    const kept: number[] = [];
    for (let row = 0; row < rows.rowCount; row++) {
      rows.row = row;
      const rule = this.#ruleFor(rows);
      if (rule === undefined) kept.push(row);
      else if (rule.record && isSampled(rows.text("trace_id"), rule.sample)) {
        kept.push(row);
        applyTo(edits, layout, row, rule);
      } else this.#telemetry.emit(spansLeftOut, { reason: rule.record ? "sampling" : "rule" });
    }
    const block = edits.isEmpty ? batch.block : edits.apply();
    if (kept.length === rows.rowCount) return { ...batch, block };
    return { ...batch, rowCount: kept.length, block: keepRows(layoutOf(batch.table, block), kept) };
  }

  /** Rules are about calls that have ended. */
  onOpenCall(call: OpenCall): OpenCall {
    return call;
  }

  #ruleFor(rows: BlockRows): CompiledRule | undefined {
    const project = rows.text("project_id");
    return this.#rules.find(({ projects, matches }) => projects?.includes(project) !== false && matches(rows));
  }
}

function applyTo(edits: BlockEdits, { columns }: BlockLayout, row: number, rule: CompiledRule): void {
  for (const column of columns) {
    if (column.kind === "text" && !rule.content) {
      const isContent = column.name === "input" || column.name === "output" || column.name === "content_format";
      if (!isContent && column.name !== "content_state") continue;
      edits.replaceText(column.texts.from[row] as number, column.texts.to[row] as number, isContent ? nothing : off);
    } else if (column.kind === "fixed" && column.name === "retention_days" && rule.retentionDays !== undefined) {
      const days = Buffer.alloc(2);
      days.writeUInt16LE(rule.retentionDays);
      edits.replace(column.valuesFrom + row * 2, column.valuesFrom + row * 2 + 2, days);
    }
  }
}
