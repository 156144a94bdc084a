import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, newSpanRow, projectId, type SpanRow } from "@weir/model";
import { startTestStore } from "../testing.ts";
import { getTrace } from "./get-trace.ts";
import type { SqlReader } from "./reader.ts";
import { childOf, insertSpans } from "./testing.ts";

const { store } = await startTestStore();
const project = projectId("p");
const nowNano = BigInt(Date.now()) * 1_000_000n;

async function insertTrace(spanCount: number): Promise<readonly SpanRow[]> {
  const root = { ...newSpanRow(project, "rest", nowNano), input: "asked 0", output: "said 0" };
  const steps = Array.from({ length: spanCount - 1 }, (_, index) =>
    childOf(root, {
      ...newSpanRow(project, "rest", nowNano + BigInt(index + 1)),
      input: `asked ${index + 1}`,
      output: `said ${index + 1}`,
    }),
  );
  await insertSpans(store, [root, ...steps]);
  return [root, ...steps];
}

/** Counts statements about spans, and refuses those that read all of their content at once if it is told to. */
function countingReader(refusesContent: boolean): SqlReader & { statements: number } {
  const reader = {
    statements: 0,
    async query<Row>(...asked: Parameters<SqlReader["query"]>): Promise<Row[]> {
      const [sql] = asked;
      if (sql.includes("FROM spans")) reader.statements += 1;
      if (refusesContent && sql.includes("input_text")) throw new CodedError("QUERY_TOO_LARGE", "");
      return store.query<Row>(...asked);
    },
  };
  return reader;
}

const cases = [
  { what: "a short trace", spanCount: 3, refusesContent: false, statements: 1 },
  { what: "one that is too large to be read at once", spanCount: 3, refusesContent: true, statements: 3 },
  { what: "a long one", spanCount: 60, refusesContent: false, statements: 2 },
] as const;

for (const { what, spanCount, refusesContent, statements } of cases) {
  test(`${what} comes with the content of each span`, async () => {
    const rows = await insertTrace(spanCount);
    const reader = countingReader(refusesContent);
    const trace = await getTrace(reader, project, { traceId: rows[0]?.trace_id ?? "", withContent: true });
    assert.deepEqual(
      trace?.spans.map(({ span_id, input, output }) => ({ span_id, input, output })),
      rows.map(({ span_id, input, output }) => ({ span_id, input, output })),
    );
    assert.equal(reader.statements, statements);
    const bare = await getTrace(store, project, { traceId: rows[0]?.trace_id ?? "", withContent: false });
    assert.ok(bare?.spans.every((span) => !("input" in span) && !("content_bytes" in span)));
  });
}

test("content of more than 32 MiB stops before the span that is too much", async () => {
  const traceId = "00112233445566778899aabbccddeeff";
  await store.command(
    `INSERT INTO spans (project_id, retention_days, trace_id, span_id, start_time, is_entry, input)
SELECT 'p', 30, unhex({traceId:String}), toFixedString(concat('span-00', toString(number)), 8),
  now64(9) + number, number = 0, repeat('long words ', 1000000)
FROM numbers(4)`,
    { traceId },
  );
  const trace = await getTrace(store, project, { traceId, withContent: true });
  assert.deepEqual(
    trace?.spans.map(({ input }) => input?.length),
    [11_000_000, 11_000_000, 11_000_000, undefined],
  );
});
