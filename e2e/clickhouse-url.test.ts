import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { callsOfUser, newUser } from "./calls-api.ts";
import { kill, Program, Weir } from "./weir-process.ts";

/** A ClickHouse server in place of the engine: here the engine of another Weir, which speaks as any server does. */

interface Access {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

let upstream: Program;
let owner: Weir;
before(async () => {
  upstream = await Program.start("bench/instant-upstream.ts");
  owner = await Weir.start();
});
after(async () => {
  await owner?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

async function call(weir: Weir, user: string): Promise<void> {
  const response = await fetch(`${weir.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-e2e", "x-weir-user": user },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hello" }] }),
  });
  assert.equal(response.status, 200, await response.text());
}

interface Ready {
  readonly parts: Record<string, { status: string; message?: string }>;
}

test("WEIR_CLICKHOUSE_URL: no engine of its own, calls stored there, kept while it is away, its address told", async () => {
  const access = JSON.parse(readFileSync(join(owner.dataDirectory, "run", "engine.json"), "utf8")) as Access;
  const address = new URL(access.url);
  address.username = access.username;
  address.password = encodeURIComponent(access.password);
  await using weir = await Weir.start({
    upstream: upstream.url,
    environment: { WEIR_CLICKHOUSE_URL: address.href, WEIR_CLICKHOUSE_DATABASE: "another" },
  });
  assert.deepEqual(weir.pidsOf("engine"), []);
  const [before, during] = [newUser(), newUser()];
  await call(weir, before);
  await callsOfUser(weir, before);

  const [engine = 0] = owner.pidsOf("engine");
  kill(engine, "SIGSTOP");
  await call(weir, during);
  kill(engine, "SIGCONT");
  await callsOfUser(weir, during);

  await owner.killAll();
  await weir.until("told that it is away", 60_000, async () => {
    const { parts } = (await (await fetch(`${weir.url}/ready`)).json()) as Ready;
    const { status, message } = parts["clickhouse"] ?? {};
    return status === "unavailable" && message === `ClickHouse at ${access.url} is not available (ECONNREFUSED).`;
  });
  await call(weir, newUser());
  assert.ok(!weir.output.includes(access.password), "the password is in the log");
});
