import assert from "node:assert/strict";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import { after, before, describe, test } from "node:test";
import type { ProjectId } from "@weir/model";
import type { GatewayCatalog } from "./auth.ts";
import { GatewayFixture } from "./testing/gateway-fixture.ts";

/** What a name resolves to, one answer after the other; the last one stays. */
const answers = new Map([
  ["inside.example", ["127.0.0.1"]],
  ["metadata.example", ["169.254.169.254"]],
  // 127.0.0.1 stands for a public address, 127.0.0.2 for one inside.
  ["rebinding.example", ["127.0.0.1", "127.0.0.2"]],
]);
const asked: string[] = [];
const systemLookup = dns.lookup;

before(() => {
  const lookup = (
    name: string,
    options: dns.LookupAllOptions,
    done: (error: null, all: dns.LookupAddress[]) => void,
  ) => {
    const own = answers.get(name);
    if (own === undefined) return systemLookup(name, options, done as never);
    asked.push(name);
    const address = (own.length > 1 ? own.shift() : own[0]) as string;
    process.nextTick(done, null, [{ address, family: 4 }]);
  };
  dns.lookup = lookup as never;
  syncBuiltinESMExports();
});
after(() => {
  dns.lookup = systemLookup;
  syncBuiltinESMExports();
});

const weirKey = "weir_of_the_project";

/** One project with a connection for groq whose address is told later. */
function catalogWith(baseUrl: () => string | null): GatewayCatalog {
  const key = { id: "key", projectId: "default" as ProjectId };
  return {
    current: () => ({
      apiKey: (secret) => (secret === weirKey ? key : undefined),
      connection: () => ({ secret: "gsk-of-the-project", baseUrl: baseUrl() }),
    }),
  };
}

class Guarded implements AsyncDisposable {
  readonly fixture: GatewayFixture;

  constructor(fixture: GatewayFixture) {
    this.fixture = fixture;
    fixture.mock.on("/v1/chat/completions", { headers: { "content-type": "application/json" }, body: "{}" });
    fixture.mock.on("/once", { headers: { connection: "close" }, body: "{}" });
  }

  static async start(baseUrl: (mockPort: string) => string | null, allowedRanges: readonly string[]): Promise<Guarded> {
    let port = "";
    const catalog = catalogWith(() => baseUrl(port));
    const fixture = await GatewayFixture.start({ catalog, allowedRanges });
    port = new URL(fixture.mock.url).port;
    return new Guarded(fixture);
  }

  /** The code of the refusal, or "ok". */
  async call(path = "/v1/chat/completions", key = weirKey): Promise<string> {
    const headers = { authorization: `Bearer ${key}` };
    const response = await this.fixture.post(`/groq${path}`, { model: "m" }, { headers });
    const body = (await response.json()) as { error?: { code: string } };
    return response.ok ? "ok" : `${response.status} ${body.error?.code}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.fixture[Symbol.asyncDispose]();
  }
}

const refusal = "403 ADDRESS_FORBIDDEN";

// Side by side: each gateway takes a second to end.
describe("where the addresses of projects may lead", { concurrency: true }, () => {
  for (const [host, allowed, outcome] of [
    ["127.0.0.1", [], refusal],
    ["127.1", [], refusal],
    ["[::ffff:127.0.0.1]", [], refusal],
    ["localhost", [], refusal],
    ["inside.example", [], refusal],
    ["inside.example", ["10.0.0.0/8"], refusal],
    ["metadata.example", ["0.0.0.0/0"], refusal],
    ["127.0.0.1", ["127.0.0.1"], "ok"],
    ["inside.example", ["127.0.0.0/8"], "ok"],
  ] as const) {
    test(`a project's address at ${host} with ${allowed.join() || "nothing"} allowed: ${outcome}`, async () => {
      await using guarded = await Guarded.start((port) => `http://${host}:${port}`, allowed);
      assert.equal(await guarded.call(), outcome);
      assert.equal(guarded.fixture.mock.requests.length, outcome === "ok" ? 1 : 0);
      const [row] = await guarded.fixture.rows(1);
      assert.equal(row?.error_type, outcome === "ok" ? "" : "upstream_unreachable");
    });
  }

  test("an address of the configuration may be inside, also where connections have none of their own", async () => {
    await using guarded = await Guarded.start(() => null, []);
    assert.equal(await guarded.call(), "ok");
    assert.equal(await guarded.call("/v1/chat/completions", "gsk-the-clients-own"), "ok");
  });

  test("a connection that was made for the configuration's address serves no project's", async () => {
    let own: string | null = null;
    await using guarded = await Guarded.start((port) => own && `http://127.0.0.1:${port}`, []);
    assert.equal(await guarded.call(), "ok");
    own = "the same";
    assert.equal(await guarded.call(), refusal);
  });

  test("a name is judged whenever a connection is made, and never while one is kept", async () => {
    await using guarded = await Guarded.start((port) => `http://rebinding.example:${port}`, ["127.0.0.1"]);
    assert.equal(await guarded.call(), "ok");
    assert.equal(await guarded.call("/once"), "ok");
    const lookups = () => asked.filter((name) => name === "rebinding.example").length;
    assert.equal(lookups(), 1);
    assert.equal(await guarded.call(), refusal);
    assert.equal(lookups(), 2);
    assert.equal(guarded.fixture.mock.requests.length, 2);
  });
});
