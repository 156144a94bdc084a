import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { checkout, Program, Weir } from "./weir-process.ts";

/** What a project says of how long its data is kept reaches the processes that take the data. */

let mock: Program;
let weir: Weir;
before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.15");
  weir = await Weir.start({ upstream: mock.url, environment: { WEIR_RETENTION_SPANS_DAYS: "60" } });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
});

function cli(...args: readonly string[]): string {
  return execFileSync(process.execPath, [join(checkout, "tools/weir.mjs"), ...args], {
    cwd: checkout,
    env: {
      ...process.env,
      WEIR_PORT: new URL(weir.url).port,
      WEIR_DATA_DIR: weir.dataDirectory,
      NODE_TEST_CONTEXT: "",
    },
    encoding: "utf8",
  });
}

interface Call {
  readonly source: string;
  readonly span_id: string;
}

/** Days that a call of each way in is kept. */
async function keptDays(): Promise<Record<string, number>> {
  const name = randomBytes(4).toString("hex");
  const headers = { "content-type": "application/json", "x-weir-user": name, authorization: "Bearer sk-provider" };
  const body = JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hi" }] });
  const answer = await fetch(`${weir.url}/openai/v1/chat/completions`, { method: "POST", headers, body });
  assert.ok(answer.ok, await answer.text());
  const span = { name: "answer", model: "gpt-4o-mini", provider: "openai", duration_ms: 5, status: "success" };
  await weir.post("/api/v1/traces", { trace_type: "single_call", user_id: name, spans: [span] });
  const nowNano = `${Date.now()}000000`;
  const attributes = Object.entries({ "gen_ai.request.model": "o3", "user.id": name }).map(([key, value]) => ({
    key,
    value: { stringValue: value },
  }));
  const ids = { traceId: randomBytes(16).toString("hex"), spanId: randomBytes(8).toString("hex") };
  const times = { startTimeUnixNano: nowNano, endTimeUnixNano: nowNano };
  const spans = [{ ...ids, ...times, name: "chat o3", attributes }];
  await weir.post("/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
  let calls: readonly Call[] = [];
  await weir.until("stored: three calls", 60_000, async () => {
    calls = (await weir.json<{ data: Call[] }>(`/api/v1/calls?user_id=${name}`)).data;
    return calls.length === 3;
  });
  const days: Record<string, number> = {};
  for (const { source, span_id } of calls) {
    days[source] = (await weir.json<{ retention_days: number }>(`/api/v1/calls/${span_id}`)).retention_days;
  }
  return days;
}

test("the gateway's calls, spans and posted traces are kept as the configuration, then as the project says", async () => {
  assert.deepEqual(await keptDays(), { gateway: 60, otlp: 60, rest: 60 });
  assert.match(cli("project", "set", "default", "--spans-days", "7"), /spans 7, content 7, logs 90/);
  await weir.until("told to all processes", 60_000, async () => {
    return Object.values(await keptDays()).every((days) => days === 7);
  });
  assert.match(cli("project", "set", "default", "--spans-days", "default"), /spans 60/);
});
