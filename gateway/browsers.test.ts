import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ProjectId } from "@weir/model";
import type { GatewayCatalog } from "./auth.ts";
import { GatewayFixture, RawClient } from "./testing/gateway-fixture.ts";
import { headerOf } from "./testing/mock-upstream.ts";

/** A browser sends what it has for Weir to every path of Weir, and takes what comes from there as Weir's. */

const weirKey = "weir_of_the_project";
const catalog: GatewayCatalog = {
  current: () => ({
    apiKey: (secret) => (secret === weirKey ? { id: "key", projectId: "default" as ProjectId } : undefined),
    connection: () => ({ secret: "the-providers-key" }),
  }),
};

/** The answer to `GET /groq/page`, and what the provider got. */
async function visit(fixture: GatewayFixture, headers: readonly string[], query = "") {
  const client = new RawClient(fixture.gateway.port);
  const lines = ["host: weir", "connection: close", ...headers];
  client.send(`GET /groq/page${query} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  await client.ended;
  const [head = ""] = client.received.split("\r\n\r\n");
  const [status = "", ...fields] = head.split("\r\n");
  return { status: Number(status.split(" ")[1]), fields, asked: fixture.mock.requests.at(-1)?.headers };
}

describe("a browser at a path of the gateway", { concurrency: true }, () => {
  for (const [cookie, wanted] of [
    ["weir_session=secret", undefined],
    ["weir_session=secret; weir_sso=sealed", undefined],
    ["__Host-weir_session=secret", undefined],
    ["__cf_bm=1; weir_session=secret; other=2", "__cf_bm=1; other=2"],
    ["weir_session=secret; other=2", "other=2"],
    ["__cf_bm=1; not_weir_session=3", "__cf_bm=1; not_weir_session=3"],
  ] as const) {
    test(`the cookies ${cookie}: ${wanted ?? "nothing"} goes on`, async () => {
      await using fixture = await GatewayFixture.start({ catalog });
      fixture.mock.on("/page", { body: "{}" });
      const { status, asked } = await visit(fixture, [`cookie: ${cookie}`], `?key=${weirKey}`);
      assert.equal(status, 200);
      assert.equal(headerOf(asked ?? [], "cookie"), wanted);
    });
  }

  const sandbox = ["content-security-policy: sandbox", "x-content-type-options: nosniff"];
  for (const [type, isKept] of [
    ["text/html", true],
    ["image/svg+xml", true],
    ["text/plain; charset=utf-8", true],
    ["application/json, text/html", true],
    ["", true],
    ["application/json", false],
    ["Application/JSON; charset=utf-8", false],
    ["text/event-stream", false],
  ] as const) {
    test(`an answer of type "${type}" ${isKept ? "is no page of ours" : "passes as it is"}`, async () => {
      await using fixture = await GatewayFixture.start({ catalog });
      fixture.mock.on("/page", { headers: type === "" ? {} : { "Content-Type": type }, body: "<script>" });
      const { fields } = await visit(fixture, []);
      const added = fields.filter((field) => sandbox.includes(field));
      assert.deepEqual(added, isKept ? sandbox : []);
    });
  }

  test("an answer of two types is judged by both", async () => {
    await using fixture = await GatewayFixture.start({ catalog });
    const two = { "Content-Type": "text/html", "content-type": "application/json" };
    fixture.mock.on("/page", { headers: two, body: "<script>" });
    const { fields } = await visit(fixture, []);
    assert.ok(fields.includes("content-security-policy: sandbox"));
  });

  test("what a provider says of its host, and cookies in our name, do not pass", async () => {
    await using fixture = await GatewayFixture.start({ catalog });
    const about = {
      "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
      "alt-svc": 'h3=":443"',
      "clear-site-data": "*",
      "Set-Cookie": "weir_session=theirs; Path=/",
      "set-cookie": "__cf_bm=1",
      "x-request-id": "req_1",
    };
    fixture.mock.on("/page", { headers: { "content-type": "application/json", ...about }, body: "{}" });
    const { fields } = await visit(fixture, []);
    const passed = fields
      .map((field) => field.split(":")[0]?.toLowerCase())
      .filter((name) => name && name in lower(about));
    assert.deepEqual(passed, ["set-cookie", "x-request-id"]);
    assert.ok(fields.includes("set-cookie: __cf_bm=1"));
  });

  for (const [name, headers, query, status] of [
    ["no page", [], "", 200],
    ["a page of this machine", ["origin: http://localhost:3000", "sec-fetch-site: same-site"], "", 200],
    ["a page of another site", ["origin: https://evil.example"], "", 401],
    ["a page whose name leads here", ["origin: http://evil.example:8080", "sec-fetch-site: same-origin"], "", 401],
    ["an image on a page of another site", ["sec-fetch-site: cross-site"], "", 401],
    ["a page of another site with a key", ["origin: https://app.example", `x-weir-key: ${weirKey}`], "", 200],
  ] as const) {
    test(`without a key, asked by ${name}: ${status}`, async () => {
      await using fixture = await GatewayFixture.start({ catalog });
      fixture.mock.on("/page", { headers: { "content-type": "application/json" }, body: "{}" });
      assert.equal((await visit(fixture, headers, query)).status, status);
      assert.equal(fixture.mock.requests.length, status === 200 ? 1 : 0);
    });
  }
});

function lower(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
