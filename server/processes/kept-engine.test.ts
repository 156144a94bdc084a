import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, silentTelemetry } from "@weir/model";
import { type EngineProcess, keepEngine } from "./kept-engine.ts";

class FakeEngine implements EngineProcess {
  readonly pid = 1;
  readonly #exit = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>();
  readonly exited = this.#exit.promise;
  die(): void {
    this.#exit.resolve({ code: null, signal: "SIGKILL" });
  }
  async [Symbol.asyncDispose]() {
    this.#exit.resolve({ code: 0, signal: null });
  }
}

test("an engine that dies is started again", async () => {
  const engines: FakeEngine[] = [];
  const start = async () => {
    const engine = new FakeEngine();
    engines.push(engine);
    return engine;
  };
  await using kept = keepEngine(start, silentTelemetry);
  assert.equal(await kept.firstStart, undefined);
  engines[0]!.die();
  while (engines.length < 2) await sleep(5);
});

test("one that cannot start is tried again, and the first failure is told", async () => {
  let tries = 0;
  const start = async () => {
    tries += 1;
    if (tries < 3) throw new CodedError("ENGINE_FAILED", "no");
    return new FakeEngine();
  };
  await using kept = keepEngine(start, silentTelemetry);
  assert.equal((await kept.firstStart)?.code, "ENGINE_FAILED");
  while (kept.pid === undefined) await sleep(5);
  assert.equal(tries, 3);
});

test("after the stop it is not started again", async () => {
  const stop = new AbortController();
  const engines: FakeEngine[] = [];
  await using kept = keepEngine(
    async () => {
      engines.push(new FakeEngine());
      return engines.at(-1)!;
    },
    silentTelemetry,
    stop.signal,
  );
  await kept.firstStart;
  stop.abort();
  engines[0]!.die();
  await sleep(250);
  assert.equal(engines.length, 1);
});
