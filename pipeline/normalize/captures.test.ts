import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { billedKinds, type Conversation, newSpanRow, projectId, readConversation, type SpanRow } from "@weir/model";
import { createBlockWriter } from "../blocks/block-writer.ts";
import { attributeText } from "./attribute-value.ts";
import { contentFromLog, joinLogContents } from "./content-from-log.ts";
import { normalizeSpans } from "./normalize-spans.ts";
import { type CapturedExports, readCapture } from "./testing/captured-exports.ts";

/**
 * What real packages emitted (`testdata/otel/generate` made the captures) and the canonical rows that come of it, with
 * `node --test --test-update-snapshots` after a change that was meant.
 */
const folder = resolve(import.meta.dirname, "../../testdata/otel");
const files = globSync("*/*.json", { cwd: folder }).filter(
  (file) => !file.endsWith(".expected.json") && !file.startsWith("generate"),
);
const project = projectId("captures");

test("there are captures of every package", () => assert.ok(files.length > 80, String(files.length)));

for (const file of files) {
  test(file.replace(/\.json$/, ""), (context) => {
    const { spans, logs } = readCapture(join(folder, file));
    const rows = normalizeSpans(spans, { projectId: project });
    const expected = rows.map((row, index) => canonical(row, spans[index]?.attributes ?? {}));
    const path = join(folder, dirname(file), `${basename(file, ".json")}.expected.json`);
    context.assert.fileSnapshot([...expected, ...logContents(logs)], path, { serializers: [print] });
    for (const row of rows) checkPromises(row);
  });
}

/** What must hold of every row of every package. */
function checkPromises(row: SpanRow): void {
  createBlockWriter("spans").append(row);
  const where = `${row.kind} ${row.name}`;
  if (billedKinds.has(row.kind)) assert.notEqual(row.request_model + row.response_model, "", `${where} has no model`);
  else assert.equal(row.input_tokens ?? row.output_tokens ?? row.cost_nano_usd, null, `${where} claims usage`);
  if (row.cost_nano_usd !== null) assert.notEqual(row.price_source, "", `${where} has a cost from nowhere`);
  const conversation = conversationOf(row);
  assert.equal(conversation.truncated, false, `${where} has broken content`);
  if (row.kind !== "llm") return;
  const strange = [...conversation.messages, ...(conversation.response ? [conversation.response] : [])]
    .flatMap(({ parts }) => parts)
    .filter(({ type }) => type === "unknown" || type === "json");
  assert.deepEqual(strange, [], `${where} has parts that are no messages`);
}

function conversationOf(row: SpanRow): Conversation {
  return readConversation({ ...row, input: String(row.input), output: String(row.output) });
}

/** The fields that differ from an empty row; content as the conversation that is read from it. */
function canonical(row: SpanRow, raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const empty: Readonly<Record<string, unknown>> = { ...newSpanRow(project, "otlp", 0n), content_state: "full" };
  const { input, output, attributes, price_rates: _, ...rest } = row;
  const told = Object.entries(rest).filter(
    ([name, value]) => JSON.stringify(value, printed) !== JSON.stringify(empty[name], printed),
  );
  const added = Object.entries(attributes).filter(
    ([key, value]) => !(key in raw) || attributeText(raw[key] as string) !== value,
  );
  return {
    ...Object.fromEntries(told),
    conversation: outline(conversationOf(row)),
    input_bytes: String(input).length,
    output_bytes: String(output).length,
    attributes_added: Object.fromEntries(added),
    attributes_in_content: Object.keys(raw).filter((key) => !(key in attributes)),
  };
}

function print(value: unknown): string {
  return JSON.stringify(value, printed, 1);
}

function printed(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function outline({ system, messages, response, alternatives, tools }: Conversation): unknown {
  const line = ({ role, parts }: Conversation["messages"][number]) =>
    `${role}: ${parts.map((part) => brief(part)).join(" | ")}`;
  return {
    ...(system !== "" && { system: cut(system) }),
    ...(messages.length > 0 && { messages: messages.map(line) }),
    ...(response !== null && {
      response: `${line(response)}${response.finishReason && ` (${response.finishReason})`}`,
    }),
    ...(alternatives.length > 0 && { alternatives: alternatives.map(line) }),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, parameters }) => `${name}${parameters === null ? "" : " (schema)"}`),
    }),
  };
}

function brief(part: Conversation["messages"][number]["parts"][number]): string {
  if (part.type === "text" || part.type === "reasoning") return `${part.type} ${cut(part.text)}`;
  if (part.type === "tool_call") return `call ${part.name}(${part.arguments}) ${part.id}`;
  if (part.type === "tool_result") return `result ${part.id} [${part.parts.map((inner) => brief(inner)).join(" | ")}]`;
  if (part.type === "json") return `json ${cut(JSON.stringify(part.value))}`;
  return part.type;
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Content that came in log records, by span. */
function logContents(logs: CapturedExports["logs"]): unknown[] {
  const bySpan = Map.groupBy(logs, ({ spanId }) => spanId);
  return [...bySpan].flatMap(([spanId, ofSpan]) => {
    const contents = ofSpan.flatMap((log) => contentFromLog(log) ?? []);
    if (contents.length === 0) return [];
    const { content_format, input, output } = joinLogContents(contents);
    return [
      {
        content_of_span: spanId,
        content_format,
        conversation: outline(readConversation({ content_format, input, output })),
      },
    ];
  });
}
