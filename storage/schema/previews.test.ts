import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newSpanRow, projectId, silentTelemetry } from "@weir/model";
import { everything } from "@weir/query";
import { listCalls, listTraces } from "../sql/index.ts";
import { insertSpans } from "../sql/testing.ts";
import { openStore, type Store } from "../store.ts";
import { openFreshStore, startTestEngine, type TestEngine } from "../testing.ts";
import { migrate } from "./migrate.ts";
import { readMigrations } from "./migrations.ts";

/** A format, input and output, and what lists show of them. */
const cases: readonly (readonly [format: string, input: unknown, output: unknown, asked: string, answered: string])[] =
  [
    [
      "openai.chat",
      {
        messages: [
          { role: "user", content: "old" },
          { role: "user", content: "hi" },
        ],
      },
      { choices: [{ message: { content: "yo" } }] },
      "hi",
      "yo",
    ],
    [
      "openai.chat",
      {
        messages: [
          { role: "user", content: "old" },
          {
            role: "user",
            content: [
              { type: "text", text: "a" },
              { type: "text", text: "b" },
            ],
          },
        ],
      },
      { choices: [] },
      "a b",
      '{"choices":[]}',
    ],
    [
      "openai.chat",
      {
        messages: [
          { role: "user", content: "old" },
          { role: "user", content: [{ type: "image_url", image_url: { url: "data:" } }] },
        ],
      },
      { choices: [{ message: { content: null, refusal: "no" } }] },
      "[image]",
      "no",
    ],
    [
      "openai.chat",
      {
        messages: [
          { role: "user", content: "ask" },
          { role: "tool", content: "result" },
        ],
      },
      { choices: [{ message: { content: null, tool_calls: [{ function: { name: "f", arguments: '{"a":1}' } }] } }] },
      "ask",
      'f({"a":1})',
    ],
    [
      "openai.chat",
      {
        messages: [
          { role: "user", content: "old" },
          { role: "user", content: '[{"json": "question"}]' },
        ],
      },
      { choices: [{ message: { content: [{ type: "text", text: "parts" }] } }] },
      '[{"json": "question"}]',
      "parts",
    ],
    [
      "anthropic.messages",
      {
        messages: [
          { role: "user", content: "ask" },
          { role: "user", content: [{ type: "tool_result", content: "r" }] },
        ],
      },
      {
        content: [
          { type: "thinking", thinking: "hm" },
          { type: "text", text: "well" },
        ],
      },
      "ask",
      "well",
    ],
    [
      "anthropic.messages",
      { messages: [] },
      { content: [{ type: "tool_use", name: "t", input: { b: 2 } }] },
      '{"messages":[]}',
      't({"b":2})',
    ],
    [
      "openai.responses",
      { input: "text" },
      { output: [{ type: "reasoning" }, { type: "message", content: [{ text: "so" }] }] },
      "text",
      "so",
    ],
    [
      "openai.responses",
      { input: [{ role: "user", content: [{ type: "input_text", text: "in" }] }] },
      { output: [{ type: "function_call", name: "g", arguments: "{}" }] },
      "in",
      "g({})",
    ],
    ["openai.embeddings", { input: ["one", "two"] }, { data: [] }, "one", ""],
    ["openai.completions", { prompt: "once" }, { choices: [{ text: "upon" }] }, "once", "upon"],
    ["openai.chat", "{broken", "also [", "{broken", "also ["],
    [
      "text",
      "plain",
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "plain",
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ],
    ["json", { a: 1 }, [1], '{"a":1}', "[1]"],
    ["", "", "", "", ""],
    [
      "gemini.generate",
      {
        contents: [
          { role: "user", parts: [{ text: "old" }] },
          { role: "model", parts: [{ text: "ok" }] },
          { role: "user", parts: [{ text: "see" }, { inlineData: { mimeType: "image/png", data: "AAAA" } }] },
        ],
      },
      { candidates: [{ content: { role: "model", parts: [{ text: "hm", thought: true }, { text: "a cat" }] } }] },
      "see [image]",
      "a cat",
    ],
    [
      "gemini.generate",
      {
        contents: [
          { parts: [{ text: "ask" }] },
          { role: "user", parts: [{ functionResponse: { name: "f", response: { output: "x" } } }] },
        ],
      },
      { candidates: [{ content: { parts: [{ functionCall: { name: "f", args: { q: 1 } } }] } }] },
      "ask",
      'f({"q":1})',
    ],
    ["gemini.embed", { content: { parts: [{ text: "embed me" }] } }, { embedding: { values: [1, 2] } }, "embed me", ""],
    [
      "cohere.chat",
      { messages: [{ role: "user", content: "bonjour" }] },
      { message: { role: "assistant", content: [{ type: "text", text: "salut" }] } },
      "bonjour",
      "salut",
    ],
    [
      "cohere.chat",
      { messages: [{ role: "user", content: "bonjour" }] },
      { message: { tool_calls: [{ type: "function", function: { name: "h", arguments: "{}" } }], tool_plan: "p" } },
      "bonjour",
      "h({})",
    ],
    [
      "cohere.v1.chat",
      { message: "newest", chat_history: [{ role: "USER", message: "older" }] },
      { text: "fine", tool_calls: [] },
      "newest",
      "fine",
    ],
    [
      "cohere.v1.chat",
      { message: "newest" },
      { text: "", tool_calls: [{ name: "k", parameters: { z: 1 } }] },
      "newest",
      'k({"z":1})',
    ],
    ["cohere.generate", { prompt: "write" }, { generations: [{ text: "wrote" }] }, "write", "wrote"],
    ["cohere.embed", { texts: ["t1", "t2"] }, { embeddings: [[1]] }, "t1", ""],
    [
      "cohere.rerank",
      { query: "which", documents: ["a"] },
      { results: [{ index: 0 }] },
      "which",
      '{"results":[{"index":0}]}',
    ],
    [
      "bedrock.converse",
      {
        messages: [
          { role: "user", content: [{ text: "hola" }] },
          { role: "user", content: [{ toolResult: { toolUseId: "1", content: [{ text: "42" }] } }] },
        ],
      },
      { output: { message: { role: "assistant", content: [{ text: "buenas" }] } } },
      "hola",
      "buenas",
    ],
    [
      "bedrock.converse",
      {
        messages: [
          { role: "user", content: [{ image: { format: "png", source: { bytes: "AA" } } }, { text: "what" }] },
        ],
      },
      { output: { message: { content: [{ toolUse: { name: "u", input: { i: 1 } } }] } } },
      "[image] what",
      'u({"i":1})',
    ],
    [
      "bedrock.invoke",
      { anthropic_version: "b", messages: [{ role: "user", content: "claude?" }] },
      { content: [{ type: "text", text: "yes" }] },
      "claude?",
      "yes",
    ],
    ["bedrock.invoke", { inputText: "titan?" }, { results: [{ outputText: "here" }] }, "titan?", "here"],
    ["bedrock.invoke", { prompt: "llama?" }, { generation: "meh" }, "llama?", "meh"],
    [
      "ollama.chat",
      { messages: [{ role: "user", content: "local" }] },
      { message: { role: "assistant", content: "yes local" } },
      "local",
      "yes local",
    ],
    ["ollama.generate", { prompt: "gen" }, { response: "ated" }, "gen", "ated"],
    ["ollama.embed", { input: "vec" }, { embeddings: [[1]] }, "vec", ""],
    ["palm", { prompt: { text: "palm?" } }, { candidates: [{ output: "tree" }] }, "palm?", "tree"],
    [
      "palm",
      { prompt: { messages: [{ content: "first" }, { content: "last" }] } },
      { candidates: [{ content: "chatty" }] },
      "last",
      "chatty",
    ],
    ["vertex.predict", { instances: [{ prompt: "vp" }] }, { predictions: ["x"] }, "vp", '{"predictions":["x"]}'],
    [
      "weir.messages",
      [
        { role: "system", content: "s" },
        { role: "user", parts: [{ type: "text", content: "otel" }] },
      ],
      [{ role: "assistant", parts: [{ type: "text", content: "said" }], finish_reason: "stop" }],
      "otel",
      "said",
    ],
    [
      "weir.messages",
      [
        { role: "user", parts: [{ type: "text", content: "q" }] },
        { role: "tool", parts: [{ type: "tool_call_response", id: "1", response: "r" }] },
      ],
      [{ role: "assistant", parts: [{ type: "tool_call", name: "w", arguments: { x: 1 } }] }],
      "q",
      'w({"x":1})',
    ],
    [
      "weir.messages",
      { messages: [{ role: "user", content: "in object" }] },
      { role: "assistant", content: "one" },
      "in object",
      "one",
    ],
    [
      "weir.messages",
      [{ role: "user", content: "chatty" }],
      [
        {
          role: "assistant",
          content: "",
          tool_calls: [{ id: "1", type: "function", function: { name: "v", arguments: "{}" } }],
        },
      ],
      "chatty",
      "v({})",
    ],
    ["weir.messages", '"just text"', '"an answer"', "just text", "an answer"],
    ["openai.images", { prompt: "a cat" }, { data: [{ b64_json: "AAAA" }] }, "a cat", "[image]"],
    [
      "openai.chat",
      {
        messages: [
          { role: "user", content: "old" },
          { role: "user", content: "hi" },
        ],
      },
      { error: { message: "bad key" } },
      "hi",
      "bad key",
    ],
    [
      "weir.messages",
      '[{"role": "user", "parts": [{"type": "text", "content": "a \\"q\\" \\u00e9"}]}]',
      '[{"role": "assistant", "parts": [{"type": "text", "content": "x\\ny"}], "finish_reason": "stop"}]',
      'a "q" é',
      "x\ny",
    ],
    [
      "anthropic.messages",
      {
        messages: [
          { role: "user", content: "old" },
          { role: "user", content: "two\nlines" },
        ],
      },
      {
        id: "m",
        content: [
          { type: "text", text: "one" },
          { type: "text", text: "two" },
        ],
      },
      "two\nlines",
      "one two",
    ],
    [
      "openai.chat",
      '{"messages":[{"content":"A","role":"user"},{"content":"B","role":"assistant"}]}',
      '{"choices":[{"index":0,"message":{"role":"assistant","content":"tab\\there"}}]}',
      "A",
      "tab\there",
    ],
  ];

const project = projectId("previews");
const startNano = 1_790_000_000_000_000_000n;
const range = { fromUnixNano: startNano, toUnixNano: startNano + 1_000_000n };
const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
const rows = cases.map(([content_format, input, output], index) => ({
  ...newSpanRow(project, "gateway", startNano + BigInt(index)),
  ...{ kind: "llm", content_format, input: textOf(input), output: textOf(output) },
}));

/** The number of the migration that made previews columns of spans. */
const previewsMigration = 14;

let engine: TestEngine;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

type Previews = readonly { readonly input_preview: string; readonly output_preview: string }[];

for (const [name, isOlder] of [
  ["of rows that are stored now", false],
  ["of rows that an earlier version stored", true],
] as const)
  describe(`previews ${name}`, () => {
    let store: Store;
    let calls: Previews;
    let traces: Previews;
    before(async () => {
      store = openFreshStore(engine.address);
      await (isOlder ? migrateTo(store, previewsMigration - 1) : store.migrate());
      await insertSpans(store, rows);
      if (isOlder) await store.migrate();
      const question = { range, filter: everything, limit: 100, order: "oldest" } as const;
      calls = (await listCalls(store, project, question)).data;
      traces = (await listTraces(store, project, question)).data;
    });
    after(() => store[Symbol.asyncDispose]());

    for (const [index, [format, , , asked, answered]] of cases.entries())
      test(`${index}: ${format || "no format"}`, () => {
        const shown = calls[index];
        assert.deepEqual([shown?.input_preview, shown?.output_preview], [asked, answered]);
      });

    test("are those of the list of traces", { skip: isOlder }, () => {
      const shown = (list: Previews) => list.map((row) => [row.input_preview, row.output_preview]);
      assert.deepEqual(shown(traces), shown(calls));
    });
  });

async function migrateTo(store: Store, newest: number): Promise<void> {
  await using administrator = openStore({ ...engine.address, database: "default", telemetry: silentTelemetry });
  await administrator.command(`CREATE DATABASE ${store.database} ENGINE = Atomic`);
  const { features } = await store.capabilities();
  await migrate({
    connection: store,
    target: { database: store.database, cluster: undefined, features },
    telemetry: silentTelemetry,
    migrations: readMigrations().filter(({ number }) => number <= newest),
  });
}
