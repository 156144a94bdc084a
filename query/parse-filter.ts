import { nearestWord } from "@weir/model/browser";
import { equals, isOneOf, matches, operatorsInWords, operatorsOf } from "./condition.ts";
import { type Field, fieldNamed, queryFieldNames } from "./fields.ts";
import { allOf, anyOf, conditionsOf, everything, type Filter, not, type Operator, type Value } from "./filter.ts";
import { FilterError } from "./filter-error.ts";
import { filterLimits } from "./limits.ts";
import { readPlainNumber, readValue } from "./value.ts";

/** Reads the text form, such as `model:gpt-4o status:error cost>0.01 "refund policy"`. Throws FilterError alone. */
export function parseFilter(text: string, path = "filter"): Filter {
  return new FilterParser(text, path).parse();
}

/** What stands between a field and its value, and the operator that it is. */
const comparisons: Readonly<Record<string, Operator>> = {
  ":": "eq",
  "=": "eq",
  "!=": "eq",
  ">": "gt",
  ">=": "gte",
  "<": "lt",
  "<=": "lte",
};

const fieldPattern = /(@"(?:[^"\\]|\\.)*"|@?[A-Za-z_][\w./-]*)(:(?:>=|<=|>|<|=)?|!=|>=|<=|>|<|=)/y;
const keywordPattern = /(and|or|not)(?=[\s()]|$)|&&|\|\|/iy;
const spacePattern = /\s*/y;
const rangePattern = /^(.*?)\.\.(.*)$/s;

interface Word {
  /** With its escapes taken away. */
  readonly text: string;
  /** As a pattern, escapes kept; undefined without a star. */
  readonly pattern: string | undefined;
  readonly start: number;
  readonly isQuoted: boolean;
}

interface NamedField {
  readonly field: Field;
  readonly written: string;
  readonly start: number;
}

/** Recursive descent, one character of look-ahead; the depth is bounded, and each step moves on. */
class FilterParser {
  readonly #text: string;
  readonly #path: string;
  #at = 0;
  #depth = 0;
  #conditions = 0;

  constructor(text: string, path: string) {
    this.#text = text;
    this.#path = path;
  }

  parse(): Filter {
    const { textLength } = filterLimits;
    if (this.#text.length > textLength)
      throw this.#error(`a filter has at most ${textLength} characters`, textLength, this.#text.length - textLength);
    this.#skipSpace();
    if (this.#isAtEnd()) return everything;
    const filter = this.#parseAny();
    if (!this.#isAtEnd()) throw this.#error("this closing parenthesis has no opening one");
    if (conditionsOf(filter).length > filterLimits.conditions)
      throw this.#error(`a filter has at most ${filterLimits.conditions} conditions`, 0, this.#text.length);
    return filter;
  }

  #parseAny(): Filter {
    const parts = [this.#parseAll()];
    while (this.#takeKeyword("or", "||")) parts.push(this.#parseAll());
    return anyOf(parts);
  }

  #parseAll(): Filter {
    const parts = [this.#parseNot()];
    for (;;) {
      const isJoined = this.#takeKeyword("and", "&&");
      if (!isJoined && (this.#isAtEnd() || this.#peek() === ")" || this.#keyword() === "or")) return allOf(parts);
      parts.push(this.#parseNot());
    }
  }

  #parseNot(): Filter {
    const next = this.#text[this.#at + 1];
    const isSign = (this.#peek() === "-" || this.#peek() === "!") && next !== undefined && !/\s/.test(next);
    if (isSign) this.#at += 1;
    if (!isSign && !this.#takeKeyword("not", "not")) return this.#parsePart();
    return this.#deeper(() => not(this.#parseNot()));
  }

  #parsePart(): Filter {
    this.#skipSpace();
    if (this.#isAtEnd()) throw this.#error("a condition is missing at the end", Math.max(0, this.#text.length - 1));
    if (this.#peek() === "(") return this.#deeper(() => this.#parseGroup());
    if (this.#peek() === ")") throw this.#error("a condition is missing before this parenthesis");
    const word = this.#keyword();
    if (word !== undefined)
      throw this.#error(`a condition is missing before ${JSON.stringify(word)}`, this.#at, word.length);
    this.#conditions += 1;
    if (this.#conditions > filterLimits.conditions)
      throw this.#error(`a filter has at most ${filterLimits.conditions} conditions`);
    const condition = this.#parseCondition();
    this.#skipSpace();
    return condition;
  }

  #parseGroup(): Filter {
    const start = this.#at;
    this.#at += 1;
    this.#skipSpace();
    const filter = this.#parseAny();
    if (this.#peek() !== ")") throw this.#error("the parenthesis that opens here is not closed", start);
    this.#at += 1;
    this.#skipSpace();
    return filter;
  }

  #parseCondition(): Filter {
    const start = this.#at;
    const named = this.#takeField();
    if (named !== undefined) return this.#parseComparison(named.named, named.sign);
    const field = fieldNamed("text") as Field;
    return this.#valueOrPattern({ field, written: "text", start }, this.#takeWord(false));
  }

  /** A field's name and the sign after it; undefined, and nothing taken, where free text stands. */
  #takeField(): { named: NamedField; sign: string } | undefined {
    fieldPattern.lastIndex = this.#at;
    const [whole, name, sign] = fieldPattern.exec(this.#text) ?? [];
    if (whole === undefined || name === undefined || sign === undefined) return undefined;
    const start = this.#at;
    const written = name.startsWith('@"') ? `@${name.slice(2, -1).replaceAll(/\\(.)/gs, "$1")}` : name;
    const field = fieldNamed(written);
    const isAddress = sign === ":" && this.#text.startsWith("//", start + whole.length);
    if (field === undefined && isAddress) return undefined;
    if (field === undefined) throw this.#unknownField(name, start);
    if (field.type === "attribute" && written.length > filterLimits.attributeLength)
      throw this.#error(
        `an attribute's name has at most ${filterLimits.attributeLength} characters`,
        start,
        name.length,
      );
    this.#at += whole.length;
    return { named: { field, written, start }, sign };
  }

  #unknownField(name: string, start: number): FilterError {
    const suggestion = name.includes(".") ? `@${name.replace(/^@/, "")}` : nearestWord(name, queryFieldNames);
    const hint = name.includes(".") ? "; an attribute is written with @" : "; quote what is text";
    return this.#error(`there is no field ${JSON.stringify(name)}${hint}`, start, name.length, suggestion);
  }

  #parseComparison(named: NamedField, sign: string): Filter {
    const symbol = sign.length > 1 && sign.startsWith(":") ? sign.slice(1) : sign;
    const op = comparisons[symbol] ?? "eq";
    const filter = op === "eq" ? this.#parseEquality(named) : this.#parseOrder(named, op as "gt");
    return symbol === "!=" ? not(filter) : filter;
  }

  #parseOrder(named: NamedField, op: "gt" | "gte" | "lt" | "lte"): Filter {
    if (!operatorsOf(named.field).includes(op)) throw this.#wrongOperator(named);
    const word = this.#takeWord(false, named);
    const value = this.#numberOrValue(named, word);
    return { field: named.field.name, op, value };
  }

  #parseEquality(named: NamedField): Filter {
    if (this.#peek() === "(") return this.#parseList(named);
    return this.#valueOrPattern(named, this.#takeWord(false, named));
  }

  /** `(a, b, c*)`: any of them. */
  #parseList(named: NamedField): Filter {
    const start = this.#at;
    const values: Value[] = [];
    const others: Filter[] = [];
    this.#at += 1;
    for (let count = 0; ; count++) {
      this.#skipSpace();
      if (count >= filterLimits.listValues)
        throw this.#error(`a list has at most ${filterLimits.listValues} values`, start);
      const condition = this.#valueOrPattern(named, this.#takeWord(true, named));
      if ("op" in condition && (condition.op === "eq" || condition.op === "has")) values.push(condition.value);
      else others.push(condition);
      this.#skipSpace();
      const end = this.#peek();
      this.#at += 1;
      if (end === ")") break;
      if (end !== ",") throw this.#error("the list that opens here is not closed", start);
    }
    return anyOf(values.length === 0 ? others : [isOneOf(named.field, values), ...others]);
  }

  /** One value, a range or a pattern. */
  #valueOrPattern(named: NamedField, word: Word): Filter {
    const { field } = named;
    if (word.pattern !== undefined) {
      const condition = matches(field, word.pattern);
      if (!operatorsOf(field).includes(condition.op)) throw this.#wrongPattern(named, word, condition.op);
      return condition;
    }
    const range = word.isQuoted ? undefined : this.#rangeOf(named, word);
    if (range !== undefined) return range;
    if (field.type === "content" && word.text.trim() === "")
      throw this.#error("there is no text to look for", word.start);
    return equals(field, this.#value(named, word, word.text, word.start));
  }

  #rangeOf(named: NamedField, word: Word): Filter | undefined {
    const { field } = named;
    const [, low, high] = rangePattern.exec(word.text) ?? [];
    if (low === undefined || high === undefined || !operatorsOf(field).includes("between")) return undefined;
    if (low === "" && high === "") throw this.#error("a range needs an end", word.start, 2);
    if (field.type === "attribute" && [low, high].some((end) => end !== "" && readPlainNumber(end) === undefined))
      return undefined;
    const value = (text: string, start: number) => this.#numberOrValue(named, { ...word, text, start });
    if (high === "") return { field: field.name, op: "gte", value: value(low, word.start) };
    const highest = value(high, word.start + low.length + 2);
    if (low === "") return { field: field.name, op: "lte", value: highest };
    return { field: field.name, op: "between", value: [value(low, word.start), highest] };
  }

  /** What a field is ordered by: attributes by the number in them. */
  #numberOrValue(named: NamedField, word: Word): Value {
    if (named.field.type !== "attribute") return this.#value(named, word, word.text, word.start);
    const number = readPlainNumber(word.text);
    if (number === undefined)
      throw this.#error("an attribute is compared with a number", word.start, Math.max(1, word.text.length));
    return number;
  }

  #value({ field, written }: NamedField, word: Word, text: string, start: number): Value {
    const read = readValue(field, written, text);
    if ("value" in read) return read.value;
    const length = word.isQuoted ? this.#at - start : Math.max(1, text.length);
    throw this.#error(read.problem, start, length);
  }

  #wrongOperator({ field, written, start }: NamedField): FilterError {
    return this.#error(`${field.short} ${operatorsInWords(field)}`, start, written.length);
  }

  #wrongPattern(named: NamedField, word: Word, op: Operator): FilterError {
    const { field } = named;
    if (op === "exists" && field.name === "text") return this.#error("a star alone looks for nothing", word.start);
    const problem = op === "exists" ? `every row has ${field.short}` : `${field.short} takes no wildcards`;
    return this.#error(problem, word.start, Math.max(1, this.#at - word.start));
  }

  /** A quoted text or a word, up to white space, a parenthesis or a quote. In a list also up to a comma. */
  #takeWord(isInList: boolean, named?: NamedField): Word {
    if (this.#peek() === '"') return this.#takeQuoted();
    const start = this.#at;
    let text = "";
    let pattern = "";
    let hasStar = false;
    while (!this.#isAtEnd()) {
      const character = this.#text[this.#at] ?? "";
      if (/[\s()"]/.test(character) || (isInList && character === ",")) break;
      const isEscape = character === "\\" && this.#at + 1 < this.#text.length;
      const taken = isEscape ? (this.#text[this.#at + 1] ?? "") : character;
      hasStar ||= character === "*";
      text += taken;
      pattern += isEscape || character === "\\" ? `\\${taken}` : taken;
      this.#at += isEscape ? 2 : 1;
    }
    if (this.#at === start) throw this.#noValue(named, isInList);
    if (text.length > filterLimits.valueLength)
      throw this.#error(`a value has at most ${filterLimits.valueLength} characters`, start, this.#at - start);
    return { text, pattern: hasStar ? pattern : undefined, start, isQuoted: false };
  }

  #noValue(named: NamedField | undefined, isInList: boolean): FilterError {
    if (isInList || named === undefined)
      return this.#error("a value is missing", Math.min(this.#at, this.#text.length - 1));
    const { field, written, start } = named;
    return this.#error(
      `${field.short} has no value; write it right after the sign, or "" for none`,
      start,
      written.length,
    );
  }

  #takeQuoted(): Word {
    const start = this.#at;
    let text = "";
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at] ?? "";
      const next = this.#text[at + 1];
      if (character === '"') {
        this.#at = at + 1;
        if (text.length > filterLimits.valueLength)
          throw this.#error(`a value has at most ${filterLimits.valueLength} characters`, start, this.#at - start);
        return { text, pattern: undefined, start, isQuoted: true };
      }
      const isEscape = character === "\\" && (next === '"' || next === "\\");
      text += isEscape ? next : character;
      if (isEscape) at += 1;
    }
    throw this.#error("the quotation that opens here is not closed", start, this.#text.length - start);
  }

  #keyword(): string | undefined {
    keywordPattern.lastIndex = this.#at;
    const word = keywordPattern.exec(this.#text)?.[0].toLowerCase();
    return word === "||" ? "or" : word === "&&" ? "and" : word;
  }

  #takeKeyword(word: string, sign: string): boolean {
    if (this.#keyword() !== word) return false;
    this.#at += this.#text.startsWith(sign, this.#at) ? sign.length : word.length;
    this.#skipSpace();
    return true;
  }

  #deeper(parse: () => Filter): Filter {
    this.#depth += 1;
    if (this.#depth > filterLimits.depth)
      throw this.#error(`groups are at most ${filterLimits.depth} deep`, Math.min(this.#at, this.#text.length - 1));
    const filter = parse();
    this.#depth -= 1;
    return filter;
  }

  #skipSpace(): void {
    spacePattern.lastIndex = this.#at;
    spacePattern.exec(this.#text);
    this.#at = spacePattern.lastIndex;
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  #error(problem: string, position = this.#at, length = 1, suggestion?: string): FilterError {
    return new FilterError({ problem, position, length, suggestion, path: this.#path });
  }
}
