import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { newSpanRow, type ProjectId, projectId, type SpanRow } from "@weir/model";
import { not, parseFilter } from "@weir/query";
import { searchableText } from "../schema/render.ts";
import type { Store } from "../store.ts";
import { openFreshStore, startTestEngine, type TestEngine } from "../testing.ts";
import { Bindings } from "./bindings.ts";
import { compileFilter } from "./compile-filter.ts";
import { listCalls, listCallsStatement } from "./list-calls.ts";
import { insertSpans } from "./testing.ts";

const project = projectId("mine");
const startNano = BigInt(Date.UTC(2026, 10, 20, 12)) * 1_000_000n;
const range = { fromUnixNano: startNano - 3_600_000_000_000n, toUnixNano: startNano + 3_600_000_000_000n };

function planted(owner: ProjectId, minute: bigint, changes: Partial<SpanRow>): SpanRow {
  return { ...newSpanRow(owner, "gateway", startNano + minute * 60_000_000_000n), kind: "llm", ...changes };
}

const chat = (content: string) => JSON.stringify({ messages: [{ role: "user", content }] });

/** One row of each kind that a filter tells apart, by its session. */
const plantedRows: Record<string, SpanRow> = {
  plain: planted(project, 0n, {
    request_model: "gpt-4o",
    provider: "openai",
    status: "ok",
    duration_ns: 2_000_000_000,
    ttft_ns: 300_000_000,
    input_tokens: 1000,
    output_tokens: 20,
    cost_nano_usd: 20_000_000,
    user_id: "ada l",
    tags: ["urgent", "eu-west"],
    attributes: { "customer.tier": "gold", retries: "3", empty: "" },
    input: chat("What is your refund policy?\nPlease."),
    output: "We refund within 30 days.",
  }),
  failed: planted(project, 1n, {
    request_model: "claude-3",
    response_model: "claude-3-opus",
    provider: "anthropic",
    status: "error",
    http_status: 429,
    error_type: "rate_limited",
    error_message: "Timeout 100% of 'them' \\ there",
    duration_ns: 5_000_000,
    is_stream: 1,
    attributes: { "customer.tier": "silver", retries: "12", "odd key \"é'": "x" },
    input: chat('He said "Größe 100%" policy of refund'),
  }),
  tool: planted(project, 2n, { kind: "tool", name: "look_up refunds", duration_ns: 0, tags: ["a'b"], user_id: "bob" }),
  unknown: planted(project, 3n, { request_model: "gpt-4*", user_id: "", attributes: { retries: "many" } }),
};
const otherTenant = planted(projectId("theirs"), 0n, { request_model: "gpt-4o", input: chat("refund policy") });

const all = Object.keys(plantedRows);
const { trace_id: traceId, span_id: spanId } = plantedRows["plain"] as SpanRow;

/** A filter, and the rows that it finds. */
const cases: [string, string[]][] = [
  ["", all],
  ["model:gpt-4o", ["plain"]],
  ["model:claude-3", []],
  ["model:claude-3-opus", ["failed"]],
  ["model:(gpt-4o,claude-3-opus)", ["plain", "failed"]],
  ["model:GPT-4*", ["plain", "unknown"]],
  ['model:"gpt-4*"', ["unknown"]],
  ["model:*\\**", ["unknown"]],
  ["model:*", ["plain", "failed", "unknown"]],
  ["-model:*", ["tool"]],
  ['user:""', ["failed", "unknown"]],
  ['user:"ada l"', ["plain"]],
  ["user:a*l", ["plain"]],
  ["user:a_*", []],
  ["-status:ok", ["failed"]],
  ["status!=error", ["plain", "tool", "unknown"]],
  ["cost>0.01", ["plain"]],
  ["-cost>0.01", ["failed", "tool", "unknown"]],
  ["cost:0.01..0.02", ["plain"]],
  ["cost:*", ["plain"]],
  ["-cost:*", ["failed", "tool", "unknown"]],
  ["duration>=2s", ["plain"]],
  ["duration<6ms duration>0", ["failed"]],
  ["ttft<500ms", ["plain"]],
  ["tokens:1020", ["plain"]],
  ["tokens>1000", ["plain"]],
  ["http_status:(429,500)", ["failed"]],
  ["-http_status:429", ["plain", "tool", "unknown"]],
  ["input_tokens>999.5", ["plain"]],
  ["input_tokens:(1000,5.5)", ["plain"]],
  ["stream:true", ["failed"]],
  ["-stream:true", ["plain", "tool", "unknown"]],
  ["kind:tool or status:error", ["failed", "tool"]],
  ["kind:llm (status:error or user:*)", ["plain", "failed"]],
  ["-(kind:llm or user:bob)", []],
  ["-((kind:llm status:ok) or (kind:tool user:bob))", ["failed"]],
  [`trace:${traceId}`, ["plain"]],
  [`span:(${spanId},${"0".repeat(15)}1)`, ["plain"]],
  ["parent:*", []],
  ["time>=2026-11-20T12:01:00Z time<2026-11-20T12:02:00Z", ["failed"]],
  ["time:2026-11-20T12:02..2026-11-20T12:03:00Z", ["tool", "unknown"]],
  ["tag:urgent", ["plain"]],
  ['tag:("a\'b",urgent)', ["plain", "tool"]],
  ["tag:EU-*", ["plain"]],
  ["tag:*", ["plain", "tool"]],
  ["@customer.tier:gold", ["plain"]],
  ["@customer.tier:(gold,silver)", ["plain", "failed"]],
  ["-@customer.tier:gold", ["failed", "tool", "unknown"]],
  ["@customer.tier:*", ["plain", "failed"]],
  ["@customer.tier:*L*D", ["plain"]],
  ["@retries>3", ["failed"]],
  ["@retries:2..12", ["plain", "failed"]],
  ["-@retries>3", ["plain", "tool", "unknown"]],
  ["@retries:3", ["plain"]],
  ['@empty:""', all],
  ['@empty:("",x)', all],
  ["@empty:*", []],
  ['@"odd key \\"é\'":x', ["failed"]],
  ["refund", ["plain", "failed"]],
  ["refunds", ["tool"]],
  ["REFUND", ["plain", "failed"]],
  ["refund*", ["plain", "failed", "tool"]],
  ["efund", []],
  ["*efund", ["plain", "failed"]],
  ["*efund*", ["plain", "failed", "tool"]],
  ["ref*pol*", ["plain"]],
  ['"refund policy"', ["plain"]],
  ['"policy of refund"', ["failed"]],
  ["refund policy", ["plain", "failed"]],
  ["refund -policy", []],
  ["-refund", ["tool", "unknown"]],
  ['"policy? please"', ["plain"]],
  ['"said \\"Größe"', ["failed"]],
  ["Größe", ["failed"]],
  ['"100%"', ["failed"]],
  ["input:refund", ["plain", "failed"]],
  ["output:refund", ["plain"]],
  ["output:*", ["plain"]],
  ["error_message:timeout", ["failed"]],
  ["error_message:\"of 'them' \\\\\"", ["failed"]],
  ["look_up", ["tool"]],
  ['"\' OR 1=1 --"', []],
  ['user:"\' OR 1=1 --"', []],
  ['user:"{p0:String}"', []],
];

const golden = new URL("./compile-filter.golden.json", import.meta.url);

/** The condition as the golden file has it: the expression over content is written short. */
function compiled(text: string) {
  const bindings = new Bindings(project);
  const sql = ["input", "output"].reduce(
    (condition, column) => condition.replaceAll(searchableText(column), `searchable(${column})`),
    compileFilter(bindings, parseFilter(text)),
  );
  return { filter: text, sql, params: bindings.params };
}

/** Ids differ from run to run. */
const constantCases = cases.map(([text]) => text).filter((text) => !/trace:|span:/.test(text));

test("each filter has the SQL and the bindings of the golden file (UPDATE_GOLDEN=1 writes it)", () => {
  const actual = constantCases.map(compiled);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, `${JSON.stringify(actual, null, 1)}\n`);
  assert.deepEqual(actual, JSON.parse(readFileSync(golden, "utf8")));
});

test("no value of a filter is part of the SQL", () => {
  for (const { sql } of constantCases.map(compiled))
    assert.doesNotMatch(sql, /gpt|claude|ada|gold|refund|1=1|429|2026/, sql);
});

function withoutGroups(sql: string): string {
  const shorter = sql.replaceAll(/\([^()]*\)/g, "");
  return shorter === sql ? sql : withoutGroups(shorter);
}

test("a statement begins with the tenant and the time, whatever the filter is", () => {
  for (const text of ["", "a or b", "-(a b) or user:x"]) {
    const { sql, params } = listCallsStatement(project, {
      range,
      filter: parseFilter(text),
      everyKind: true,
      limit: 1,
    });
    assert.match(
      sql,
      /WHERE project_id = \{project:String\}\n\s+AND toStartOfTenMinutes\(start_time\) >= [^\n]* AND start_time >= [^\n]* AND start_time < [^\n]*\n/,
    );
    const where = /WHERE([\s\S]*?)ORDER BY/.exec(sql)?.[1] ?? "";
    assert.doesNotMatch(withoutGroups(where), / OR /, "a filter stays within its parentheses");
    assert.equal(params["project"], "mine");
  }
});

describe("on the engine", () => {
  let engine: TestEngine;
  let store: Store;
  before(async () => {
    engine = await startTestEngine();
    store = openFreshStore(engine.address);
    await store.migrate();
    await insertSpans(store, [...Object.values(plantedRows), otherTenant]);
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  const names = new Map(Object.entries(plantedRows).map(([name, row]) => [row.span_id, name]));
  const found = async (filter: ReturnType<typeof parseFilter>, order: "newest" | "oldest" = "oldest") => {
    const { data } = await listCalls(store, project, { range, filter, everyKind: true, order, limit: 10 });
    return data.map(({ span_id }) => names.get(span_id) ?? "another tenant's");
  };

  for (const [text, expected] of cases) {
    test(`${text || "nothing"} finds ${expected.join(", ") || "none"}, and its negation the others`, async () => {
      const filter = parseFilter(text);
      assert.deepEqual(await found(filter), expected);
      assert.deepEqual(
        await found(not(filter)),
        all.filter((name) => !expected.includes(name)),
      );
    });
  }

  test("the same is found where words are indexed", async () => {
    await store.command("OPTIMIZE TABLE spans FINAL");
    for (const [text, expected] of cases) assert.deepEqual(await found(parseFilter(text)), expected, text);
  });
});
