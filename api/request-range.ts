import { type ErrorDetail, latestTimeUnixNano } from "@weir/model";
import { rfc3339OfNano, type TimeRange } from "@weir/storage";
import { badRequest } from "./request-check.ts";

/** The fields of a query string that say which time is meant; checked to be RFC 3339. */
export interface RangeFields {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly start_time?: string | undefined;
  readonly end_time?: string | undefined;
}

const dayNano = 86_400_000_000_000n;

/** The range that a request names; where it names none, the 24 hours before its end or now. */
export function rangeOf(fields: RangeFields, nowMs: number): TimeRange {
  const problems = bothNames(fields);
  const to = fields.to ?? fields.end_time;
  const from = fields.from ?? fields.start_time;
  // A row that begins in this very millisecond is within "until now".
  const toUnixNano = to === undefined ? (BigInt(nowMs) + 1n) * 1_000_000n : unixNanoOf(to);
  const fromUnixNano = from === undefined ? dayBefore(toUnixNano) : unixNanoOf(from);
  if (fromUnixNano < 0n) problems.push({ path: nameOf(fields, "from"), message: "must be in 1970 or later" });
  if (toUnixNano > latestTimeUnixNano) problems.push({ path: nameOf(fields, "to"), message: "must be before 2262" });
  if (fromUnixNano >= toUnixNano) {
    problems.push({ path: nameOf(fields, "from"), message: "must be before the end of the range" });
  }
  if (problems.length > 0) throw badRequest(problems);
  return { fromUnixNano, toUnixNano };
}

function dayBefore(unixNano: bigint): bigint {
  return unixNano > dayNano ? unixNano - dayNano : 0n;
}

const aliases = { from: "start_time", to: "end_time" } as const;

/** As the request spells it. */
function nameOf(fields: RangeFields, end: "from" | "to"): string {
  return fields[end] === undefined && fields[aliases[end]] !== undefined ? aliases[end] : end;
}

function bothNames(fields: RangeFields): ErrorDetail[] {
  return (["from", "to"] as const).flatMap((name) => {
    const alias = aliases[name];
    return fields[name] !== undefined && fields[alias] !== undefined && fields[name] !== fields[alias]
      ? [{ path: alias, message: `is another name of ${name}; give one of them` }]
      : [];
  });
}

/** Nanoseconds since 1970 of a checked RFC 3339 text; all of its digits count. */
export function unixNanoOf(text: string): bigint {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const wholeSeconds = Date.parse(text.replace(/\.\d+/, ""));
  return BigInt(wholeSeconds) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}

/** A range as answers name it. */
export function endsOf({ fromUnixNano, toUnixNano }: TimeRange): { from: string; to: string } {
  return { from: rfc3339OfNano(fromUnixNano), to: rfc3339OfNano(toUnixNano) };
}
