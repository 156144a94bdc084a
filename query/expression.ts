import { nearestWord } from "@weir/model/browser";
import { attributeKey, type Field, fieldNamed, queryFieldNames } from "./fields.ts";
import { FilterError } from "./filter-error.ts";
import type { FilterRow } from "./match-filter.ts";

/** A number that is worked out from a row; null where a field that it needs is unknown, or it divides by zero. */
export type RowExpression = (row: FilterRow) => number | null;

const deepest = 20;
const longestText = 500;
/** An attribute's name goes unquoted where it is of letters, digits, dots and underscores. */
const tokens = /\s*(?:(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)|(@"(?:[^"\\]|\\.)*"|@?[A-Za-z_][\w.]*)|([-+*/()]))/iy;

/**
 * Reads arithmetic over a row's fields: numbers, names of fields, `+ - * /` and parentheses, such as
 * `(input_tokens + output_tokens) / 1000`. As in filters, short names have the units that people use: `duration` is in
 * seconds, `cost` in US dollars; `duration_ns` and `cost_nano_usd` are as they are stored. Throws FilterError alone.
 */
export function parseExpression(text: string, path = "expression"): RowExpression {
  return new ExpressionParser(text, path).parse();
}

type Token = { readonly text: string; readonly kind: "number" | "name" | "sign" | "end"; readonly start: number };

class ExpressionParser {
  readonly #text: string;
  readonly #path: string;
  #at = 0;
  #depth = 0;
  #next: Token;

  constructor(text: string, path: string) {
    this.#text = text;
    this.#path = path;
    if (text.length > longestText) throw this.#error(`an expression has at most ${longestText} characters`, 0);
    this.#next = this.#read();
  }

  parse(): RowExpression {
    const expression = this.#sum();
    if (this.#next.kind !== "end") throw this.#error(`${JSON.stringify(this.#next.text)} is not expected here`);
    return expression;
  }

  #sum(): RowExpression {
    let left = this.#product();
    while (this.#isSign("+") || this.#isSign("-")) {
      const sign = this.#take().text;
      const [one, other] = [left, this.#product()];
      left = sign === "+" ? both(one, other, (a, b) => a + b) : both(one, other, (a, b) => a - b);
    }
    return left;
  }

  #product(): RowExpression {
    let left = this.#factor();
    while (this.#isSign("*") || this.#isSign("/")) {
      const sign = this.#take().text;
      const [one, other] = [left, this.#factor()];
      left = sign === "*" ? both(one, other, (a, b) => a * b) : both(one, other, (a, b) => a / b);
    }
    return left;
  }

  #factor(): RowExpression {
    const token = this.#take();
    if (token.kind === "number") {
      const value = Number(token.text);
      return () => value;
    }
    if (token.kind === "name") return this.#field(token);
    if (token.text === "-") {
      const inner = this.#nested(() => this.#factor());
      return both(
        () => 0,
        inner,
        (a, b) => a - b,
      );
    }
    if (token.text !== "(") throw this.#error("a number, a field or a parenthesis is expected", token.start);
    const inner = this.#nested(() => this.#sum());
    if (!this.#isSign(")")) throw this.#error("a closing parenthesis is missing");
    this.#take();
    return inner;
  }

  #nested(parse: () => RowExpression): RowExpression {
    if (++this.#depth > deepest) throw this.#error(`parentheses are at most ${deepest} deep`);
    const expression = parse();
    this.#depth--;
    return expression;
  }

  #field({ text, start }: Token): RowExpression {
    const name = text.startsWith('@"') ? `@${text.slice(2, -1).replaceAll(/\\(.)/g, "$1")}` : text;
    const field = fieldNamed(name);
    if (field === undefined) {
      throw new FilterError({
        path: this.#path,
        problem: `there is no field ${JSON.stringify(name)}`,
        position: start,
        length: text.length,
        suggestion: nearestWord(name, queryFieldNames),
      });
    }
    const expression = readerOf(field, name.toLowerCase() !== field.name);
    if (expression === undefined) throw this.#error(`${field.short} is no number`, start);
    return expression;
  }

  #isSign(sign: string): boolean {
    return this.#next.kind === "sign" && this.#next.text === sign;
  }

  #take(): Token {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  #read(): Token {
    const rest = this.#text.slice(this.#at);
    const start = this.#at + (rest.length - rest.trimStart().length);
    if (rest.trim() === "") return { text: "", kind: "end", start };
    tokens.lastIndex = this.#at;
    const [, number, name, sign] = tokens.exec(this.#text) ?? [];
    const text = number ?? name ?? sign;
    if (text === undefined) throw this.#error("this cannot be read", start);
    this.#at = tokens.lastIndex;
    return { text, kind: number !== undefined ? "number" : name !== undefined ? "name" : "sign", start };
  }

  #error(problem: string, position = this.#next.start): FilterError {
    return new FilterError({ path: this.#path, problem, position });
  }
}

function readerOf(field: Field, isShortName: boolean): RowExpression | undefined {
  const key = attributeKey(field.name);
  if (key !== undefined) return (row) => numberIn(row.attribute(key));
  switch (field.type) {
    case "count":
    case "bytes":
    case "flag":
      return field.name === "total_tokens" ? totalTokens : (row) => row.number(field.name);
    case "duration":
    case "money": {
      const scale = isShortName ? 1e9 : 1;
      return (row) => {
        const value = row.number(field.name);
        return value === null ? null : value / scale;
      };
    }
    default:
      return undefined;
  }
}

function totalTokens(row: FilterRow): number | null {
  const input = row.number("input_tokens");
  const output = row.number("output_tokens");
  return input === null && output === null ? null : (input ?? 0) + (output ?? 0);
}

function numberIn(text: string): number | null {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

function both(one: RowExpression, other: RowExpression, combine: (a: number, b: number) => number): RowExpression {
  return (row) => {
    const a = one(row);
    if (a === null) return null;
    const b = other(row);
    if (b === null) return null;
    const result = combine(a, b);
    return Number.isFinite(result) ? result : null;
  };
}
