import type { ProjectId, Telemetry } from "@weir/model";
import { readLayoutOf } from "../blocks/block-layout.ts";
import type { Batch, OpenCall } from "../consumer.ts";
import { redacted } from "../events.ts";
import { redactBlock } from "../redaction/redact-block.ts";
import { redactRow, textsOfRow } from "../redaction/redact-row.ts";
import type { Redaction } from "../redaction/redaction.ts";
import type { FoundCounts } from "../redaction/redactor.ts";
import type { BatchStep } from "./batch-step.ts";

/** Takes secrets, and what else is configured, out of rows, and counts what it took out. */
export class RedactStep implements BatchStep {
  readonly #redaction: Redaction;
  readonly #telemetry: Telemetry;

  constructor(redaction: Redaction, telemetry: Telemetry) {
    this.#redaction = redaction;
    this.#telemetry = telemetry;
  }

  onBatch(batch: Batch): Batch {
    if (batch.rowCount === 0) return batch;
    const concerned = this.#redaction.columnsOfConcern(readLayoutOf(batch));
    if (concerned.size === 0) return batch;
    const result = redactBlock(batch.table, batch.block, concerned, this.#redactorOf);
    if (result === undefined) return batch;
    this.#count(result.found);
    return { ...batch, block: result.block };
  }

  /** Not counted: the call's row will be. */
  onOpenCall(call: OpenCall): OpenCall {
    if (!this.#redaction.concerns(textsOfRow(call.row))) return call;
    return { ...call, row: redactRow(call.row, this.#redactorOf(call.row.project_id as ProjectId)) };
  }

  readonly #redactorOf = (project: ProjectId) => this.#redaction.of(project);

  #count(found: FoundCounts): void {
    for (const [detector, count] of found) this.#telemetry.emit(redacted, { detector }, count);
  }
}
