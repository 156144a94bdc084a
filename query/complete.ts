import { type Field, fieldNamed, queryFields } from "./fields.ts";

/** What is being typed at the end of a filter: a field's name, or a value of a field. */
export type Typing =
  | { readonly of: "field"; readonly typed: string; readonly at: number }
  | { readonly of: "value"; readonly field: Field; readonly typed: string; readonly at: number };

/** `at` is where the word that is typed begins; of a value, where the value begins. */
export function typingAtEnd(text: string): Typing {
  const start = wordStart(text);
  const word = text.slice(start);
  const [sign = "", name = ""] = /^([-!(]*)(.*)$/s.exec(word)?.slice(1) ?? [];
  const [, written, operator = ""] = /^(@?[\w./-]+)(!=|[:<>=]+)/.exec(name) ?? [];
  const field = written === undefined ? undefined : fieldNamed(written);
  const at = start + sign.length;
  if (field === undefined || written === undefined) return { of: "field", typed: name, at };
  const value = name.slice(written.length + operator.length);
  return { of: "value", field, typed: value.replaceAll('"', ""), at: at + written.length + operator.length };
}

/** The fields whose short or long name begins with what is typed, the common ones first. */
export function fieldsBeginning(typed: string, limit = 12): Field[] {
  const lower = typed.toLowerCase();
  const common = new Set([
    "model",
    "provider",
    "status",
    "kind",
    "user_id",
    "cost_nano_usd",
    "duration_ns",
    "ttft_ns",
    "error_type",
  ]);
  const found = queryFields.filter(({ name, short }) => short.startsWith(lower) || name.startsWith(lower));
  return [...found.filter(({ name }) => common.has(name)), ...found.filter(({ name }) => !common.has(name))].slice(
    0,
    limit,
  );
}

/** Where the last word begins: after the last white space that no quotation holds. */
function wordStart(text: string): number {
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"' && text[at - 1] !== "\\") isQuoted = !isQuoted;
    else if (!isQuoted && /\s/.test(text[at] ?? "")) start = at + 1;
  }
  return start;
}
