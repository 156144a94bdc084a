import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { defaultProjectId, newLogRow, newMetricPointRow, newSpanRow, type SpanRow, tableColumns } from "@weir/model";
import { insertRows, insertSpans } from "@weir/storage/testing";
import { exportedSettings } from "./contract/index.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
const now = BigInt(Date.now()) * 1_000_000n - 1_000_000_123n;
const span: SpanRow = {
  ...newSpanRow(defaultProjectId, "rest", now),
  ...{ kind: "llm", content_format: "text", input: 'line\none "quoted" 日本', output: "x".repeat(90_000) },
  ...{ tags: ["a", "b"], attributes: { key: "value" }, cost_nano_usd: null, input_tokens: 7 },
};
const log = { ...newLogRow(defaultProjectId, now), body: "what was logged", attributes: { "user.id": "ada" } };
const point = {
  ...newMetricPointRow(defaultProjectId, "m", "gauge", now),
  ...{ value: Number.NaN, exemplar_times: [now], exemplar_values: [1] },
  ...{ exemplar_trace_ids: [span.trace_id], exemplar_span_ids: [span.span_id] },
};

before(async () => {
  api = await startTestApi();
  const rows = [span, { ...newSpanRow(defaultProjectId, "rest", now + 1n), kind: "llm" }];
  await insertSpans(api.store, [...rows, newSpanRow(api.other, "rest", now)]);
  await insertRows(api.store, "logs", [log, newLogRow(api.other, now)]);
  await insertRows(api.store, "metric_points", [point]);
});
after(() => api[Symbol.asyncDispose]());

const owner = () => ({ authorization: `Bearer ${api.keys.owner}` });

async function exported(part: string, project = "default") {
  const url = `/api/v1/projects/${project}/export/${part}`;
  const response = await api.server.inject({ url, headers: owner() });
  assert.equal(response.statusCode, 200, response.body);
  assert.equal(response.headers["content-disposition"], `attachment; filename="${project}-${part}.ndjson.gz"`);
  const lines = gunzipSync(response.rawPayload).toString("utf8").split("\n");
  assert.equal(lines.pop(), "", "the last line ends");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("spans are exported whole, with their content, and no other project's", async () => {
  const rows = await exported("spans");
  assert.equal(rows.length, 2);
  const row = rows.find(({ span_id }) => span_id === span.span_id);
  assert.deepEqual(Object.keys(row ?? {}), Object.keys(tableColumns.spans));
  for (const field of ["trace_id", "input", "output", "tags", "attributes", "cost_nano_usd", "input_tokens"] as const) {
    assert.deepEqual(row?.[field], span[field], field);
  }
  const milliseconds = new Date(Number(now / 1_000_000n)).toISOString().slice(0, -1);
  assert.equal(row?.["start_time"], `${milliseconds}${String(now % 1_000_000n).padStart(6, "0")}Z`);
});

test("logs and points are exported whole, numbers that JSON does not have as text", async () => {
  const [record, ...others] = await exported("logs");
  assert.deepEqual([record?.["body"], record?.["attributes"], others], [log.body, log.attributes, []]);
  const [only] = await exported("metric_points");
  assert.deepEqual([only?.["value"], only?.["exemplar_trace_ids"]], ["nan", [span.trace_id]]);
  assert.match(String(only?.["exemplar_times"]), /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$/);
});

test("a project without rows has files without lines", async () => {
  assert.deepEqual(await exported("metric_points", "other"), []);
});

test("settings hold what the project is, and no secret", async () => {
  const secret = "sk-planted-for-the-export";
  await api.catalog.createConnection({ projectId: defaultProjectId, provider: "openai", secret });
  const { body, text } = await api.ask("/api/v1/projects/default/export/settings", { headers: owner() });
  const settings = exportedSettings.parse(body);
  assert.equal(settings.project.id, "default");
  assert.ok(settings.keys.length > 0 && settings.connections.length === 1);
  assert.equal(
    [secret, api.keys.default, api.keys.use].some((planted) => text.includes(planted)),
    false,
  );
});

test("each part is an entry of the audit log, before it is sent", async () => {
  const question = { organizationId: "all", action: "project.export", limit: 100 } as const;
  const before = (await api.catalog.auditLog.list(question)).length;
  await exported("spans");
  const [entry, ...rest] = await api.catalog.auditLog.list(question);
  assert.equal(rest.length, before);
  assert.deepEqual(
    [entry?.target, entry?.after, entry?.actor.kind],
    [{ kind: "project", id: "default" }, { part: "spans" }, "owner"],
  );
});

test("no key exports, whatever its scopes, and a part that is not there is refused", async () => {
  const { status } = await api.ask("/api/v1/projects/default/export/spans");
  assert.equal(status, 403);
  assert.equal((await api.ask("/api/v1/projects/default/export/secrets", { headers: owner() })).status, 400);
});
