import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { GatewayFixture } from "./testing/gateway-fixture.ts";

/** A process of Weir's own: says who it is and what it got. */
async function part(name: string, path: string): Promise<Server> {
  const server = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk) => (body += chunk));
    req.on("end", () => {
      res.setHeader("x-part", name);
      res.end(
        JSON.stringify({
          name,
          method: req.method,
          url: req.url,
          body,
          from: req.headers["x-forwarded-for"],
          host: req.headers.host,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

test("what is no LLM call goes to the process that answers it", async () => {
  const directory = mkdtempSync(join(tmpdir(), "weir-relay-"));
  const relay = { core: join(directory, "core.sock"), ingest: join(directory, "ingest.sock") };
  const servers = [await part("core", relay.core), await part("ingest", relay.ingest)];
  {
    await using fixture = await GatewayFixture.start({ relay });
    for (const [method, path, name] of [
      ["GET", "/", "core"],
      ["GET", "/ui/calls?x=1", "core"],
      ["GET", "/docs", "core"],
      ["GET", "/api/v1/traces?limit=5", "core"],
      ["POST", "/api/v1/traces/search", "core"],
      ["POST", "/api/v1/traces", "ingest"],
      ["POST", "/api/traces/batch", "ingest"],
      ["POST", "/api/v1/ai-apm/ingest?a=b", "ingest"],
      ["POST", "/v1/traces", "ingest"],
      ["POST", "/v1/metrics", "ingest"],
      ["POST", "/v1/logs", "ingest"],
    ] as const) {
      const body = method === "POST" ? "é".repeat(1000) : null;
      const response = await fetch(fixture.url + path, { method, body, headers: { "x-forwarded-for": "6.6.6.6" } });
      const seen = (await response.json()) as Record<string, string>;
      assert.deepEqual(
        [seen["name"], seen["method"], seen["url"], seen["body"]],
        [name, method, path, body ?? ""],
        path,
      );
      assert.equal(seen["from"], "6.6.6.6, 127.0.0.1");
      assert.equal(seen["host"], new URL(fixture.url).host);
      assert.equal(response.headers.get("x-part"), name);
    }
    for (const path of ["/v1/traces", "/v1/logs?limit=1", "/v1/metrics/"]) {
      const response = await fetch(fixture.url + path);
      assert.deepEqual([response.status, response.headers.get("allow")], [405, "POST"], path);
      assert.match(await response.text(), /\/api\/v1\/traces/);
    }
    assert.equal(fixture.calls.length, 0);
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    const gone = await fetch(`${fixture.url}/api/v1/calls`);
    assert.equal(gone.status, 503);
    assert.equal(gone.headers.get("retry-after"), "1");
    assert.equal(((await gone.json()) as { error: { code: string } }).error.code, "PART_UNAVAILABLE");
  }
  rmSync(directory, { recursive: true });
});
