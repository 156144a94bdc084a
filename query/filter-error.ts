import { CodedError, type ErrorDetail } from "@weir/model/browser";

/** Where and why a filter or an aggregation cannot be read. */
export interface FilterProblem {
  /** What is wrong, as the end of a sentence that begins with a place: `there is no field "mdoel"`. */
  readonly problem: string;
  /** The first UTF-16 unit of the text that is wrong, from 0; undefined where the filter is JSON. */
  readonly position?: number | undefined;
  /** UTF-16 units that are wrong. */
  readonly length?: number | undefined;
  /** What was probably meant: text to put in the place of what is wrong. */
  readonly suggestion?: string | undefined;
  /** Path of the wrong part of a JSON filter: `filter.and[1].field`. */
  readonly path?: string | undefined;
}

/** FILTER_INVALID: the one error that reading the language throws. */
export class FilterError extends CodedError {
  readonly problem: string;
  readonly position: number | undefined;
  readonly length: number | undefined;
  readonly suggestion: string | undefined;

  constructor({ problem, position, length, suggestion, path = "filter" }: FilterProblem) {
    const place = position === undefined ? path : `Column ${position + 1} of ${path}`;
    const hint = suggestion === undefined ? "" : ` Did you mean ${suggestion}?`;
    const detail: ErrorDetail = {
      path,
      message: problem,
      ...(position !== undefined && { position, length: length ?? 1 }),
      ...(suggestion !== undefined && { suggestion }),
    };
    super("FILTER_INVALID", `${place}: ${problem}.${hint}`, { details: [detail] });
    this.name = "FilterError";
    this.problem = problem;
    this.position = position;
    this.length = length;
    this.suggestion = suggestion;
  }
}
