import { type Filter, type FilterRow, matcherOf } from "@weir/query";

/** Whether a filter fits; undefined where that cannot be told. */
export type Verdict = boolean | undefined;

/**
 * Decides a filter on a row that tells only some of its fields: `isTold` says which. Throws a TypeError for a field that
 * there is not, as `matcherOf` does.
 */
export function possibleMatcherOf(filter: Filter, isTold: (field: string) => boolean): (row: FilterRow) => Verdict {
  if ("and" in filter) {
    const parts = filter.and.map((part) => possibleMatcherOf(part, isTold));
    return (row) => verdictOf(parts, row, false);
  }
  if ("or" in filter) {
    const parts = filter.or.map((part) => possibleMatcherOf(part, isTold));
    return (row) => verdictOf(parts, row, true);
  }
  if ("not" in filter) {
    const part = possibleMatcherOf(filter.not, isTold);
    return (row) => {
      const verdict = part(row);
      return verdict === undefined ? undefined : !verdict;
    };
  }
  return isTold(filter.field) ? matcherOf(filter) : () => undefined;
}

/** Of parts of which one with the `deciding` verdict decides; without one, it cannot be told if any of them cannot. */
function verdictOf(parts: readonly ((row: FilterRow) => Verdict)[], row: FilterRow, deciding: boolean): Verdict {
  let verdict: Verdict = !deciding;
  for (const part of parts) {
    const one = part(row);
    if (one === deciding) return deciding;
    if (one === undefined) verdict = undefined;
  }
  return verdict;
}
