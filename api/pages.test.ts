import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { apiPaths } from "./contract/index.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
let address: string;
before(async () => {
  api = await startTestApi();
  await api.server.listen({ host: "127.0.0.1", port: 0 });
  address = `http://127.0.0.1:${(api.server.server.address() as AddressInfo).port}`;
});
after(() => api[Symbol.asyncDispose]());

const get = (path: string) => api.ask(path, { headers: {} });

describe("the web UI", () => {
  test("says how to build it while it is not built", async () => {
    const { status, text } = await get("/ui/calls");
    assert.equal(status, 503);
    assert.match(text, /npm run build/);
  });

  test("is served once built: files for ever, and the page for every address", async () => {
    await mkdir(join(api.webDirectory, "assets"), { recursive: true });
    await writeFile(join(api.webDirectory, "index.html"), "<!doctype html><title>Weir</title>");
    await writeFile(join(api.webDirectory, "assets", "app-1a2b3c.js"), "export {}");
    await writeFile(join(api.webDirectory, "icon.svg"), "<svg/>");
    await writeFile(join(api.webDirectory, "..", "outside.txt"), "private");
    for (const path of ["/ui/", "/ui/calls", "/ui/traces/0af7", "/ui/sign-in?token=x.y"]) {
      const { status, text, headers } = await get(path);
      assert.deepEqual([status, headers["cache-control"]], [200, "no-cache"], path);
      assert.match(text, /<title>Weir/);
    }
    const script = await get("/ui/assets/app-1a2b3c.js");
    assert.deepEqual([script.status, script.headers["cache-control"]], [200, "public, max-age=31536000, immutable"]);
    assert.match(String(script.headers["content-type"]), /javascript/);
    assert.equal((await get("/ui/icon.svg")).headers["cache-control"], "no-cache");
    assert.equal((await get("/ui/assets/missing.js")).status, 404);
    for (const path of [
      "/ui/../outside.txt",
      "/ui/%2e%2e/outside.txt",
      "/ui/..%2foutside.txt",
      "/ui/assets/..%2f..%2foutside.txt",
    ]) {
      assert.ok(!(await (await fetch(address + path)).text()).includes("private"), path);
    }
  });

  test("is where / and /ui lead", async () => {
    assert.deepEqual([(await get("/")).status, (await get("/")).headers["location"]], [302, "/ui/"]);
    assert.equal((await get("/ui?x=1")).headers["location"], "/ui/?x=1");
  });
});

describe("the description", () => {
  test("is OpenAPI 3.1 and has every path of the contract, with every reference resolved", async () => {
    const { body, text } = await get("/api/openapi.json");
    assert.match(body.openapi, /^3\.1/);
    const described = Object.keys(body.paths);
    const expected = Object.values(apiPaths).map((path) => path.replaceAll(/:(\w+)/g, "{$1}"));
    assert.deepEqual(described.toSorted(), [...new Set(expected)].toSorted());
    for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      assert.ok(name in body.components.schemas, name);
    }
    for (const [path, operations] of Object.entries<Record<string, { operationId?: string }>>(body.paths)) {
      for (const operation of Object.values(operations)) assert.ok(operation.operationId, path);
    }
  });

  test("has pages whose every script and style is our own", async () => {
    const { status, text, headers } = await get("/docs/");
    assert.equal(status, 200);
    assert.match(String(headers["content-security-policy"]), /script-src 'self'/);
    const sources = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source = ""]) => source);
    assert.ok(sources.length > 3);
    for (const source of sources) {
      const url = new URL(source, `${address}/docs/`);
      assert.equal(url.origin, address, source);
      assert.equal((await fetch(url)).status, 200, source);
    }
    assert.doesNotMatch(text, /<script(?![^>]*\ssrc=)/, "inline scripts are forbidden by our own policy");
  });
});

test("every answer has the headers that protect it", async () => {
  for (const path of ["/ui/", "/docs/", "/api/v1/calls", "/api/openapi.json", "/nothing"]) {
    const { headers } = await get(path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["x-frame-options"], "DENY", path);
    assert.match(String(headers["content-security-policy"]), /frame-ancestors 'none'/, path);
  }
  assert.equal((await api.ask("/api/v1/calls")).headers["cache-control"], "no-store");
});

test("a request whose body is there but empty has none, as a relay sends it", async () => {
  const init = { method: "POST", headers: { authorization: `Bearer ${api.keys.owner}` }, duplex: "half" } as const;
  const body = new ReadableStream({ start: (controller) => controller.close() });
  const response = await fetch(`${address}/api/v1/auth/links`, { ...init, body } as RequestInit);
  assert.equal(response.status, 201);
});

describe("the live stream", () => {
  /** Reads events until `count` have come. */
  async function eventsOf(response: Response, count: number): Promise<string[]> {
    const names: string[] = [];
    let rest = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      rest += new TextDecoder().decode(chunk);
      for (const [, name = ""] of rest.matchAll(/event: (\w+)\ndata: \{"time":"[^"]+"\}\n\n/g)) names.push(name);
      rest = rest.slice(rest.lastIndexOf("\n\n") + 2);
      if (names.length >= count) break;
    }
    return names;
  }
  const open = (key: string) => fetch(`${address}/api/v1/live`, { headers: { authorization: `Bearer ${key}` } });

  test("tells of rows of its project, and of none after it is left", async () => {
    const response = await open(api.keys.default);
    assert.match(String(response.headers.get("content-type")), /^text\/event-stream/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    const names = eventsOf(response, 3);
    while (api.live.listenerCount === 0) await sleep(5);
    api.live.publish({ projectIds: new Set(["other"]) });
    api.live.publish({ projectIds: new Set(["default"]) });
    await sleep(20);
    for (let tick = 0; tick < 50; tick++) api.live.publish();
    assert.deepEqual(await names, ["hello", "rows", "rows"]);
    for (let waited = 0; api.live.listenerCount > 0 && waited < 6000; waited++) await sleep(10);
    assert.equal(api.live.listenerCount, 0);
  });

  test("tells nothing of other projects' rows", async () => {
    const response = await open(api.keys.other);
    const names = eventsOf(response, 2);
    while (api.live.listenerCount === 0) await sleep(5);
    api.live.publish({ projectIds: new Set(["default"]) });
    assert.equal(await Promise.race([names, sleep(300, "silence")]), "silence");
    api.live.publish({ projectIds: new Set(["other"]) });
    assert.deepEqual(await names, ["hello", "rows"]);
  });

  test("is refused for another project and ends when the server closes", async () => {
    const headers = { authorization: `Bearer ${api.keys.default}` };
    assert.equal((await fetch(`${address}/api/v1/live?project_id=other`, { headers })).status, 403);
    const closing = await startTestApi();
    try {
      await closing.server.listen({ host: "127.0.0.1", port: 0 });
      const { port } = closing.server.server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/live`, { headers });
      const ended = response.text();
      while (closing.live.listenerCount === 0) await sleep(5);
      await closing.server.close();
      assert.match(await ended, /event: hello/);
    } finally {
      await closing[Symbol.asyncDispose]();
    }
  });
});
