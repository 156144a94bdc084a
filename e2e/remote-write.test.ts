import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "./free-port.ts";
import { Program, Weir } from "./weir-process.ts";

/** What a real Prometheus has of Weir that was never scraped: pushed to it by remote write. */

const skip = existsSync("/usr/bin/prometheus")
  ? false
  : "there is no prometheus: `npm test -- packages` installs Debian's";

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [timeUnixSeconds: number, value: string];
}

test("metrics arrive by remote write, by the names and figures of /metrics", { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "weir-remote-write-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(directory, "prometheus.yml"), "");
  const prometheus = spawn("prometheus", [
    `--config.file=${join(directory, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(directory, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-remote-write-receiver",
  ]);
  const ended = once(prometheus, "exit");
  prometheus.stderr.resume();
  try {
    const file = join(directory, "weir.yaml");
    writeFileSync(
      file,
      `export:
  metricIntervalMs: 1000
  metricTemporality: delta
  destinations:
    prometheus:
      type: remote_write
      endpoint: ${url}/api/v1/write
`,
    );
    await using mock = await Program.start("demo/mock-provider.ts", "--pace", "0");
    await using weir = await Weir.start({ upstream: mock.url, environment: { WEIR_CONFIG: file } });
    for (let call = 0; call < 3; call++) {
      const response = await weir.fetch("/openai/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer sk-test" },
        body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] }),
      });
      assert.equal(response.status, 200);
      await response.arrayBuffer();
    }
    const query = async (expression: string): Promise<readonly Series[]> => {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const { data } = (await response.json()) as { data: { result: readonly Series[] } };
      return data.result;
    };
    const duration = 'gen_ai_client_operation_duration_seconds_count{gen_ai_request_model="gpt-4o",job="weir"}';
    await weir.until("pushed", 60_000, async () => (await query(duration))[0]?.value[1] === "3");
    const [counted] = await query(duration);
    assert.match(counted?.metric["instance"] ?? "", /:gateway-0$/);
    const scraped = await (await fetch(`${weir.url}/metrics`)).text();
    const known = new Set([...scraped.matchAll(/^([a-z_]+)[ {]/gm)].map(([, name]) => name));
    const pushed = (await query('{job="weir"}')).map(({ metric }) => metric["__name__"]);
    assert.ok(pushed.length > 50);
    assert.deepEqual(
      [...new Set(pushed)].filter((name) => !known.has(name)),
      [],
    );
    const [bucket] = await query('sum(gen_ai_client_operation_duration_seconds_bucket{le="+Inf"})');
    assert.equal(bucket?.value[1], "3");
    assert.match(scraped, /^weir_export_items_total\{destination="prometheus",signal="metrics"\} [1-9]/m);
  } finally {
    prometheus.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  }
});
