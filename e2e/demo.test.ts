import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { checkout, Weir } from "./weir-process.ts";

/** `npm start -- --demo`: pages are full within seconds, and one command takes it all away. */

let weir: Weir;
let signedIn = "";
before(async () => {
  weir = await Weir.start({ arguments: ["--demo"] });
  signedIn = await signIn();
});
after(() => weir?.[Symbol.asyncDispose]());

async function signIn(): Promise<string> {
  const token = /sign-in\?token=([\w-]+)/.exec(weir.output)?.[1];
  const response = await fetch(`${weir.url}/api/v1/auth/redeem`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: weir.url },
    body: JSON.stringify({ token }),
  });
  assert.ok(response.ok, await response.clone().text());
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

async function read<Body>(path: string): Promise<Body> {
  const response = await fetch(weir.url + path, { headers: { cookie: signedIn } });
  const text = await response.text();
  assert.ok(response.ok, `${path} answered ${response.status}: ${text}`);
  return JSON.parse(text) as Body;
}

interface ModelLine {
  model: string;
  provider: string;
  calls: number;
  errors: number;
  cancelled: number;
  cost_nano_usd: number | null;
}

interface Summary {
  total: { calls: number; errors: number; cost_nano_usd: number | null };
  by_model: ModelLine[];
}

test("several models, providers, errors and a day of history are there within seconds", async () => {
  await weir.until(
    "filled",
    60_000,
    async () => {
      const { total, by_model } = await read<Summary>("/api/v1/metrics/summary?project_id=demo");
      return total.calls > 500 && total.errors > 5 && by_model.length >= 6;
    },
    250,
  );
  const { total, by_model } = await read<Summary>("/api/v1/metrics/summary?project_id=demo");
  assert.ok((total.cost_nano_usd ?? 0) > 0);
  assert.ok(new Set(by_model.map(({ provider }) => provider)).size >= 3);
  // A model none of whose calls came to their end has no cost.
  const unpriced = by_model.filter(
    ({ cost_nano_usd, calls, errors, cancelled }) => cost_nano_usd === null && errors + cancelled < calls,
  );
  assert.deepEqual(unpriced, []);
});

test("calls come through the gateway: streams with a TTFT, tools, cancelled ones", async () => {
  await weir.until(
    "streamed",
    60_000,
    async () => {
      const { data } = await read<{ data: { ttft_ns: number | null }[] }>(
        "/api/v1/calls?project_id=demo&source=gateway&limit=200",
      );
      return data.filter(({ ttft_ns }) => ttft_ns !== null).length >= 5;
    },
    250,
  );
});

test("an agent's trace is a whole tree: agent, steps, tools, and the gateway's calls under their step", async () => {
  interface Span {
    span_id: string;
    parent_span_id: string | null;
    kind: string;
    source: string;
  }
  let spans: Span[] = [];
  await weir.until(
    "an agent's trace",
    90_000,
    async () => {
      const { data } = await read<{ data: { trace_id: string; kind: string }[] }>(
        "/api/v1/traces?project_id=demo&kind=agent&limit=20",
      );
      for (const { trace_id } of data) {
        ({ spans } = await read<{ spans: Span[] }>(`/api/v1/traces/${trace_id}?project_id=demo`));
        if (spans.some(({ source }) => source === "gateway")) return true;
      }
      return false;
    },
    500,
  );
  const ids = new Set(spans.map(({ span_id }) => span_id));
  assert.deepEqual(
    spans.filter(({ parent_span_id }) => parent_span_id !== null && !ids.has(parent_span_id)),
    [],
  );
  for (const kind of ["agent", "chain", "tool", "llm"])
    assert.ok(
      spans.some((span) => span.kind === kind),
      kind,
    );
});

test("the project `default` has none of it", async () => {
  const { total } = await read<Summary>("/api/v1/metrics/summary?project_id=default");
  assert.equal(total.calls, 0);
});

test("`weir demo remove` takes the project and its data away", async () => {
  const output = execFileSync(process.execPath, [join(checkout, "tools/weir.mjs"), "demo", "remove"], {
    cwd: checkout,
    env: {
      ...process.env,
      WEIR_PORT: new URL(weir.url).port,
      WEIR_DATA_DIR: weir.dataDirectory,
      NODE_TEST_CONTEXT: "",
    },
    encoding: "utf8",
  });
  assert.match(output, /Project demo is removed: .*spans/);
  await weir.until("quiet: the demo makes no more calls", 60_000, () => /The demo made \d+ calls/.test(weir.output));
  const { data } = await read<{ data: { id: string }[] }>("/api/v1/projects");
  assert.deepEqual(
    data.map(({ id }) => id),
    ["default"],
  );
});
