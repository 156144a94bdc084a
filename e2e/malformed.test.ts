import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { type KnownRoute, MalformedRequests } from "./malformed-requests.ts";
import { Weir } from "./weir-process.ts";

/** Whatever is sent, Weir answers with an error that is the sender's, and lives on. */

/** `WEIR_TEST_REQUESTS=100000` for the whole of it. */
const requestCount = Number(process.env["WEIR_TEST_REQUESTS"] ?? 20_000);
const connections = 32;
const answerWithinMs = 300_000;
/** What the sender used of HTTP and Weir does not speak, by RFC 9110: a transfer coding, a version. */
const notSupported = new Set(["501", "505"]);
const often = "100000000";

let weir: Weir;
before(async () => {
  // A machine that is busy with other tests may be slow: that is not what is asked here.
  weir = await Weir.start({
    environment: {
      WEIR_API_QUERY_TIMEOUT_MS: String(answerWithinMs),
      WEIR_API_RATE_LIMIT_PER_ADDRESS_PER_MINUTE: often,
      WEIR_API_RATE_LIMIT_PER_CALLER_PER_MINUTE: often,
    },
  });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
});

const call = {
  name: "chat",
  model: "gpt-4o",
  provider: "openai",
  input: "Hello",
  output: "Hi",
  prompt_tokens: 3,
  completion_tokens: 1,
  duration_ms: 20,
  status: "ok",
};
const jsonBodies: readonly unknown[] = [
  { trace_type: "single_call", model: "gpt-4o", provider: "openai", spans: [call] },
  {
    traces: [
      {
        trace_type: "agent_workflow",
        model: "gpt-4o",
        provider: "openai",
        spans: [call, { ...call, parent_span_id: "span-1" }],
      },
    ],
  },
  {
    call: {
      service_name: "s",
      project_id: "default",
      vendor: "openai",
      model: "gpt-4o",
      tokens_in: 1,
      tokens_out: 1,
      latency_ms: 5,
      ttfb_ms: 1,
      status: "success",
      stream: false,
      cached: false,
      tags: {},
    },
  },
  {
    filter: "model:gpt-4o status:error cost>0.01",
    limit: 10,
    from: "2026-01-01T00:00:00Z",
    to: "2026-12-31T00:00:00Z",
  },
  { filter: { and: [{ field: "model", op: "=", value: "gpt-4o" }, { not: { field: "cost", op: ">", value: 0.1 } }] } },
  { aggregate: [{ fn: "p95", field: "duration" }], group_by: ["model"], bucket: "1h", order: "-p95" },
  { metric: "gen_ai.client.token.usage", aggregation: "avg", group_by: ["model"], interval: "1m" },
  { name: "A key", scopes: ["query"], expires_at: "2030-01-01T00:00:00Z" },
  { provider: "openai", secret: "sk-no-key", base_url: "https://example.com" },
  { email: "somebody@example.com", password: "not the password" },
  {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "s" } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: "0af7651916cd43dd8448eb211c80319c",
                spanId: "b7ad6b7169203331",
                name: "chat",
                startTimeUnixNano: "1700000000000000000",
                endTimeUnixNano: "1700000001000000000",
                attributes: [{ key: "gen_ai.request.model", value: { stringValue: "gpt-4o" } }],
              },
            ],
          },
        ],
      },
    ],
  },
];

/** ExportTraceServiceRequest with one span that has ids, a name and times. */
const span = Buffer.from(
  "0a100af7651916cd43dd8448eb211c80319c1208b7ad6b71692033312a0463686174390028d3a5c2c8971741002886e7c2c89717",
  "hex",
);
const nested = (bytes: Buffer) => Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
const binaryBodies = [nested(Buffer.concat([Buffer.from([0x12, span.length + 2, 0x12, span.length]), span]))];

test(`${requestCount.toLocaleString("en")} malformed requests: no crash, no 5xx, no stack trace`, async (context) => {
  const seed = Number(process.env["WEIR_TEST_SEED"] ?? Date.now() % 1_000_000);
  context.diagnostic(`seed ${seed} (WEIR_TEST_SEED repeats it)`);
  const pids = pidsOf(weir);
  const requests = new MalformedRequests({
    seed,
    routes: await knownRoutes(),
    apiKey: weir.apiKey,
    jsonBodies,
    binaryBodies,
  });
  const statuses = new Map<string, number>();
  let left = requestCount;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) {
        const { kind, bytes } = requests.next();
        const answer = await answerTo(bytes, kind === "head");
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? "closed";
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const told = () =>
          `seed ${seed}: ${kind}\n${bytes.toString("latin1").slice(0, 2000)}\n→\n${answer.slice(0, 2000)}\n${weir.output.slice(-2000)}`;
        assert.ok(!status.startsWith("5") || notSupported.has(status), told());
        assert.doesNotMatch(answer, /\n\s+at |node:internal|file:\/\/|\.ts:\d/, told());
      }
    }),
  );
  context.diagnostic(
    [...statuses]
      .sort()
      .map(([status, count]) => `${status}: ${count}`)
      .join(", "),
  );
  assert.deepEqual(pidsOf(weir), pids, "no process was started again");
  assert.ok((statuses.get("400") ?? 0) > requestCount / 20, "many were refused as malformed");
  const ready = await fetch(`${weir.url}/ready`);
  assert.equal(ready.status, 200, await ready.text());
});

function pidsOf(of: Weir): number[] {
  return of
    .processes()
    .map(({ pid }) => pid)
    .sort((one, other) => one - other);
}

interface OpenApi {
  readonly paths: Record<string, Record<string, { parameters?: readonly { in: string; name: string }[] }>>;
}

async function knownRoutes(): Promise<KnownRoute[]> {
  const { paths } = (await (await fetch(`${weir.url}/api/openapi.json`)).json()) as OpenApi;
  return (
    Object.entries(paths)
      .flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, { parameters = [] }]) => ({
          method: method.toUpperCase(),
          path,
          queryNames: parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name),
        })),
      )
      // A live stream does not end.
      .filter(({ path }) => !path.endsWith("/live"))
  );
}

/**
 * All that comes back, or nothing when the connection is closed without an answer. A request that has no end unless
 * the sender tells is ended by closing our side.
 */
function answerTo(bytes: Buffer, isEndless: boolean): Promise<string> {
  const { hostname, port } = new URL(weir.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const parts: Buffer[] = [];
    const deadline = setTimeout(() => {
      socket.destroy();
      const got = Buffer.concat(parts).toString("latin1");
      if (got === "") reject(new Error(`No answer to ${bytes.toString("latin1").slice(0, 2000)}`));
      else resolve(got);
    }, answerWithinMs);
    const done = () => {
      clearTimeout(deadline);
      resolve(Buffer.concat(parts).toString("latin1"));
    };
    socket.on("data", (data) => parts.push(data));
    // An answer may come before all was sent: the rest is refused with a reset.
    socket.on("error", done);
    socket.on("close", done);
    if (isEndless) socket.end(bytes);
    else socket.write(bytes);
  });
}
