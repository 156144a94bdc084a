import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkFilter, everything, type Filter, FilterError, filterLimits, parseFilter, printFilter } from "./index.ts";

const eq = (field: string, value: string | number | boolean): Filter => ({ field, op: "eq", value });
const text = (value: string): Filter => ({ field: "text", op: "has", value });

/** The text, its tree, and its one spelling where that differs. */
const readable: [string, Filter, string?][] = [
  ["", everything],
  ["  ", everything, ""],
  ["model:gpt-4o", eq("model", "gpt-4o")],
  ["MODEL=gpt-4o", eq("model", "gpt-4o"), "model:gpt-4o"],
  ['user:"ada l"', eq("user_id", "ada l")],
  ['user_id:""', eq("user_id", ""), 'user:""'],
  ["model:meta-llama/llama-3:free", eq("model", "meta-llama/llama-3:free")],
  ["-status:ok", { not: eq("status", "ok") }],
  ["status!=ok", { not: eq("status", "ok") }, "-status:ok"],
  ["not status:ok", { not: eq("status", "ok") }, "-status:ok"],
  ["--status:ok", eq("status", "ok"), "status:ok"],
  ["cost>0.01", { field: "cost_nano_usd", op: "gt", value: 10_000_000 }],
  ["cost:>$0.01", { field: "cost_nano_usd", op: "gt", value: 10_000_000 }, "cost>0.01"],
  ["cost_nano_usd>=5", { field: "cost_nano_usd", op: "gte", value: 5 }, "cost>=0.000000005"],
  ["cost:0.01..0.5", { field: "cost_nano_usd", op: "between", value: [10_000_000, 500_000_000] }],
  ["cost:0.01..", { field: "cost_nano_usd", op: "gte", value: 10_000_000 }, "cost>=0.01"],
  ["duration:..2s", { field: "duration_ns", op: "lte", value: 2e9 }, "duration<=2s"],
  ["ttft<500ms", { field: "ttft_ns", op: "lt", value: 5e8 }],
  ["latency>1.5s", { field: "duration_ns", op: "gt", value: 15e8 }, "duration>1500ms"],
  ["duration>90s", { field: "duration_ns", op: "gt", value: 90e9 }],
  ["duration>0", { field: "duration_ns", op: "gt", value: 0 }, "duration>0ns"],
  ["duration_ns>7", { field: "duration_ns", op: "gt", value: 7 }, "duration>7ns"],
  ["input_tokens>10k", { field: "input_tokens", op: "gt", value: 10_000 }, "input_tokens>10000"],
  ["tokens:1..10", { field: "total_tokens", op: "between", value: [1, 10] }],
  ["response_bytes>1MB", { field: "response_bytes", op: "gt", value: 1e6 }, "response_bytes>1000000"],
  ["http_status:(429,500)", { field: "http_status", op: "in", value: [429, 500] }],
  ["model:(gpt-4o, claude-3)", { field: "model", op: "in", value: ["gpt-4o", "claude-3"] }, "model:(gpt-4o,claude-3)"],
  ["model:(gpt-4o)", eq("model", "gpt-4o"), "model:gpt-4o"],
  [
    'model:(a,"b c",g*)',
    {
      or: [
        { field: "model", op: "in", value: ["a", "b c"] },
        { field: "model", op: "like", value: "g*" },
      ],
    },
    'model:(a,"b c") or model:g*',
  ],
  ["user:*", { field: "user_id", op: "exists" }],
  ["-user:*", { not: { field: "user_id", op: "exists" } }],
  ["model:gpt-4*", { field: "model", op: "like", value: "gpt-4*" }],
  ['model:"gpt-4*"', eq("model", "gpt-4*")],
  ["model:gpt-4\\*", eq("model", "gpt-4*"), 'model:"gpt-4*"'],
  ["name:*a\\ \\*b*", { field: "name", op: "like", value: "*a \\*b*" }, "name:*a\\ \\*b*"],
  ["stream:true", eq("is_stream", true)],
  ["is_entry:no", eq("is_entry", false), "entry:false"],
  ["trace:0AF7651916CD43DD8448EB211C80319C", eq("trace_id", "0af7651916cd43dd8448eb211c80319c")],
  ["time>2026-11-20", { field: "start_time", op: "gt", value: "2026-11-20T00:00:00Z" }, "time>2026-11-20T00:00:00Z"],
  ["time<2026-11-20T10:00:00.120+01:00", { field: "start_time", op: "lt", value: "2026-11-20T09:00:00.12Z" }],
  ["tag:urgent", eq("tags", "urgent")],
  ["@customer.tier:gold", eq("attributes.customer.tier", "gold")],
  ["attributes.customer.tier:gold", eq("attributes.customer.tier", "gold"), "@customer.tier:gold"],
  ['@"odd key \\" é":x', eq('attributes.odd key " é', "x")],
  ["@retries>3", { field: "attributes.retries", op: "gt", value: 3 }],
  ["@retries:3", eq("attributes.retries", "3")],
  ["@retries:1..3", { field: "attributes.retries", op: "between", value: [1, 3] }],
  ["@version:1..x", eq("attributes.version", "1..x"), '@version:"1..x"'],
  ["@x:*", { field: "attributes.x", op: "exists" }],
  ["refund", text("refund")],
  ['"refund policy"', text("refund policy")],
  ["refund policy", { and: [text("refund"), text("policy")] }],
  ["refund and policy", { and: [text("refund"), text("policy")] }, "refund policy"],
  ["refund && policy || x", { or: [{ and: [text("refund"), text("policy")] }, text("x")] }, "(refund policy) or x"],
  ["ref*", { field: "text", op: "like", value: "ref*" }],
  ['input:"refund policy"', { field: "input", op: "has", value: "refund policy" }],
  ["output:*", { field: "output", op: "exists" }],
  ["http://example.com/a?b=c", text("http://example.com/a?b=c"), '"http://example.com/a?b=c"'],
  ["it's", text("it's"), '"it\'s"'],
  ['"and"', text("and")],
  ["a - b", { and: [text("a"), text("-"), text("b")] }, 'a "-" b'],
  ["a (b or c) -(d e)", { and: [text("a"), { or: [text("b"), text("c")] }, { not: { and: [text("d"), text("e")] } }] }],
  ["(a (b c))", { and: [text("a"), text("b"), text("c")] }, "a b c"],
  ["a or (b or c)", { or: [text("a"), text("b"), text("c")] }, "a or b or c"],
  [
    'model:gpt-4o status:error cost>0.01 "refund policy"',
    {
      and: [
        eq("model", "gpt-4o"),
        eq("status", "error"),
        { field: "cost_nano_usd", op: "gt", value: 10_000_000 },
        text("refund policy"),
      ],
    },
  ],
];

describe("a text is read", () => {
  for (const [written, tree, spelling = written] of readable) {
    test(written || "nothing", () => {
      const parsed = parseFilter(written);
      assert.deepEqual(parsed, tree);
      if (!/^(trace|time<)/.test(written)) assert.equal(printFilter(parsed), spelling);
      assert.deepEqual(parseFilter(printFilter(parsed)), tree);
      assert.deepEqual(checkFilter(JSON.parse(JSON.stringify(tree))), tree);
    });
  }
});

/** The text, where it is wrong, what is wrong, and what was probably meant. */
const wrong: [string, number, RegExp, string?][] = [
  ["mdoel:gpt", 0, /no field "mdoel"/, "model"],
  ["status:ok costt>1", 10, /no field "costt"/, "cost"],
  ["gen_ai.system:openai", 0, /no field "gen_ai.system"/, "@gen_ai.system"],
  ["zzzzzzzzzz:1", 0, /no field/],
  ["(status:ok", 0, /opens here is not closed/],
  ["status:ok)", 9, /no opening one/],
  ["()", 1, /missing before this parenthesis/],
  ["status:ok or", 11, /missing at the end/],
  ["or status:ok", 0, /missing before "or"/],
  ["not", 2, /missing at the end/],
  ['a "refund', 2, /quotation that opens here/],
  ["model:", 0, /model has no value/],
  ["model: gpt", 0, /model has no value/],
  ["model:(a,b", 6, /list that opens here/],
  ["model:(a,)", 9, /value is missing/],
  ["model>a", 0, /model is compared with :/],
  ["input>a", 0, /searched by words/],
  ['input:""', 6, /no text/],
  ["duration>2", 9, /needs a unit/],
  ["duration>2parsecs", 9, /no unit "parsecs"/],
  ["duration>2constructor", 9, /no unit/],
  ["cost>cheap", 5, /cost is a number/],
  ["cost:..", 5, /range needs an end/],
  ["cost:1..x", 8, /cost is a number/],
  ["cost>1e300", 5, /too large/],
  ["duration:*", 9, /every row has duration/],
  ["cost:5*", 5, /takes no wildcards/],
  ["*", 0, /looks for nothing/],
  ["trace:12", 6, /32 hex digits/],
  ["stream:maybe", 7, /true or false/],
  ["stream:constructor", 7, /true or false/],
  ["time>yesterday", 5, /is a time/],
  ["time>2026-13-45", 5, /is a time/],
  ["@a>b", 3, /compared with a number/],
  ["project_id:other", 0, /no field/],
  ["(".repeat(30), 20, /at most 20 deep/],
  ["a ".repeat(101), 200, /at most 100 conditions/],
  ["x".repeat(filterLimits.textLength + 1), filterLimits.textLength, /at most 4000 characters/],
  ["x".repeat(1001), 0, /at most 1000 characters/],
];

describe("a wrong text says where, what, and what was meant", () => {
  for (const [written, position, problem, suggestion] of wrong) {
    test(written.slice(0, 40), () => {
      assert.throws(
        () => parseFilter(written),
        (error) => {
          assert.ok(error instanceof FilterError, String(error));
          assert.deepEqual([error.code, error.position], ["FILTER_INVALID", position], error.message);
          assert.match(error.problem, problem);
          if (suggestion !== undefined || /no field/.test(error.problem)) {
            if (written !== "project_id:other") assert.equal(error.suggestion, suggestion);
          }
          assert.equal(error.details?.[0]?.position, position);
          return true;
        },
      );
    });
  }
});
