import type { SqlParams } from "./reader.ts";

/** A statement ready to run: constant text, and the values of its parameters. */
export interface Statement {
  readonly sql: string;
  readonly params: SqlParams;
}
