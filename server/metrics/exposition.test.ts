import assert from "node:assert/strict";
import { test } from "node:test";
import { exposition, preferredFormat } from "./exposition.ts";
import { MetricStore, otherLabel } from "./metric-store.ts";
import { sumSnapshots } from "./sum-snapshots.ts";

for (const [accept, wanted] of [
  [undefined, "text"],
  ["*/*", "text"],
  ["text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text"],
  ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "openmetrics"],
  ["application/openmetrics-text;q=0.4,text/plain;q=0.9", "text"],
] as const) {
  test(`Accept: ${accept} gets ${wanted}`, () => assert.equal(preferredFormat(accept), wanted));
}

function example(): MetricStore {
  const store = new MetricStore();
  store
    .counter({ name: "calls_total", help: "Calls.", labels: ["model"] })
    .series('a"b\\c\nd')
    .add(2);
  store.counter({ name: "tokens_counter", help: "Classic.", isClassic: true }).series().add(7);
  store.gauge({ name: "queue", help: "Waiting." }).series().set(3);
  const seconds = store.histogram({ name: "took_seconds", help: "Time." }, [0.1, 1]).series();
  seconds.observe(0.1);
  seconds.observe(0.5, { trace_id: "aa", span_id: "bb" }, 1500);
  seconds.observe(9);
  return store;
}

test("Prometheus text", () => {
  assert.equal(
    exposition(example().snapshot(), "text"),
    `# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{model="a\\"b\\\\c\\nd"} 2
# HELP tokens_counter Classic.
# TYPE tokens_counter counter
tokens_counter 7
# HELP queue Waiting.
# TYPE queue gauge
queue 3
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 1
took_seconds_bucket{le="1"} 2
took_seconds_bucket{le="+Inf"} 3
took_seconds_sum 9.6
took_seconds_count 3
`,
  );
});

test("OpenMetrics, with exemplars and families named without _total", () => {
  assert.equal(
    exposition(example().snapshot(), "openmetrics"),
    `# HELP calls Calls.
# TYPE calls counter
calls_total{model="a\\"b\\\\c\\nd"} 2
# HELP tokens_counter Classic.
# TYPE tokens_counter unknown
tokens_counter 7
# HELP queue Waiting.
# TYPE queue gauge
queue 3
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 1
took_seconds_bucket{le="1.0"} 2 # {trace_id="aa",span_id="bb"} 0.5 1.500
took_seconds_bucket{le="+Inf"} 3
took_seconds_sum 9.6
took_seconds_count 3
# EOF
`,
  );
});

test("processes are summed by name and labels", () => {
  const two = sumSnapshots([example().snapshot(), JSON.parse(JSON.stringify(example().snapshot()))]);
  const text = exposition(two, "text");
  assert.match(text, /^tokens_counter 14$/m);
  assert.match(text, /^took_seconds_bucket\{le="1"\} 4$/m);
  assert.match(text, /^took_seconds_sum 19\.2$/m);
  assert.match(text, /^queue 6$/m);
});

test("past the limit of label sets everything is _OTHER", () => {
  const counter = new MetricStore(3).counter({ name: "n_total", help: "", labels: ["a", "b"] });
  for (let index = 0; index < 100; index++) counter.series(`a${index}`, "b").add(1);
  const series = counter.snapshot();
  assert.equal(series.length, 4);
  assert.deepEqual(series.at(-1), { labels: [otherLabel, otherLabel], value: 97 });
});
