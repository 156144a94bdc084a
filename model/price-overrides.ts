import type { Rates } from "./cost-explanation.ts";
import type { PriceQuestion } from "./price.ts";

/** A user's own price: a contract, a model of their own, or one that no table knows. */
export interface PriceOverride {
  /** As rows name it (`gen_ai.provider.name`); any provider when absent. */
  readonly provider?: string;
  /** The exact name of the model. */
  readonly model: string;
  /** A service tier's price; the standard tier's when absent. */
  readonly serviceTier?: string;
  /** USD a million tokens; a detail without a rate is billed as part of its parent. */
  readonly rates: Rates;
  /** Calls from this time on, and before `until`; without them, all. */
  readonly from?: Date;
  readonly until?: Date;
}

/** Overrides with the version that is stored with each price that they make. */
export interface PriceOverrides {
  readonly version: string;
  /** The first that fits a call holds. */
  readonly rows: readonly PriceOverride[];
}

/** The override that holds for a call; undefined when none does. */
export function overriddenRates(
  { version, rows }: PriceOverrides,
  question: PriceQuestion,
): { rates: Rates; version: string } | undefined {
  const row = rows.find((candidate) => holds(candidate, question));
  return row === undefined ? undefined : { rates: row.rates, version };
}

function holds(row: PriceOverride, { provider, model, at, serviceTier = "" }: PriceQuestion): boolean {
  if (row.model !== model || (row.provider !== undefined && row.provider !== provider)) return false;
  if ((row.serviceTier ?? "") !== serviceTier) return false;
  return (row.from === undefined || at >= row.from) && (row.until === undefined || at < row.until);
}
