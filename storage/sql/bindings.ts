import { type ProjectId, projectId } from "@weir/model";
import { nanosecondsAt } from "./instant.ts";

type Scalar = "String" | "UInt32" | "UInt64" | "Int64" | "Float64" | "Date";
export type BoundType = Scalar | "Array(String)" | "Array(Int64)" | "Array(Float64)";

/**
 * Collects a statement's parameters. `bind` gives the placeholder to put into the SQL, so that no value is ever part
 * of the text. The first is always the tenant.
 */
export class Bindings {
  readonly params: Record<string, unknown> = {};
  /** `project_id = {project:String}`: the condition that every statement begins with. */
  readonly tenant = "project_id = {project:String}";
  #count = 0;

  constructor(project: ProjectId) {
    this.params["project"] = projectId(project);
  }

  bind(type: BoundType, value: unknown): string {
    const name = `p${this.#count++}`;
    this.params[name] = value;
    return `{${name}:${type}}`;
  }

  /** An instant, exact to the nanosecond. */
  instant(unixNano: bigint): string {
    return `fromUnixTimestamp64Nano(${this.bind("Int64", nanosecondsAt(unixNano))}, 'UTC')`;
  }

  /** An instant as RFC 3339 in UTC has it, to the nanosecond. */
  time(rfc3339: string): string {
    return `toDateTime64(${this.bind("String", rfc3339.replace("T", " ").replace("Z", ""))}, 9, 'UTC')`;
  }

  /** An instant cut to whole seconds, as DateTime columns hold it. */
  second(unixNano: bigint): string {
    return `toDateTime(${this.bind("UInt32", Number(unixNano / 1_000_000_000n))}, 'UTC')`;
  }

  traceId(hex: string): string {
    return `toFixedString(unhex(${this.bind("String", hex)}), 16)`;
  }

  spanId(hex: string): string {
    return `toFixedString(unhex(${this.bind("String", hex)}), 8)`;
  }

  traceIds(hexes: readonly string[]): string {
    return `(SELECT toFixedString(unhex(arrayJoin(${this.bind("Array(String)", hexes)})), 16))`;
  }
}
