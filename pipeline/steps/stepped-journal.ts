import type { Batch, OpenCall } from "../consumer.ts";
import type { Journal, JournalStatus } from "../journal/contract.ts";
import type { BatchStep } from "./batch-step.ts";

/** A journal with steps before it. A batch that a step fails on is refused, never written as it came. */
export class SteppedJournal implements Journal {
  readonly #journal: Journal;
  readonly #steps: readonly BatchStep[];

  constructor(journal: Journal, steps: readonly BatchStep[]) {
    this.#journal = journal;
    this.#steps = steps;
  }

  get folder(): string {
    return this.#journal.folder;
  }

  get incarnation(): string {
    return this.#journal.incarnation;
  }

  status(): JournalStatus {
    return this.#journal.status();
  }

  async consume(batch: Batch): Promise<void> {
    await this.#journal.consume(this.#steps.reduce((before, step) => step.onBatch(before), batch));
  }

  async announce(calls: readonly OpenCall[]): Promise<void> {
    await this.#journal.announce(
      calls.map((call) => this.#steps.reduce((before, step) => step.onOpenCall(before), call)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal[Symbol.asyncDispose]();
  }
}
