import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { defaultProjectId, silentTelemetry } from "@weir/model";
import { MemoryLog } from "@weir/pipeline/testing";
import { gatewayConfig } from "../index.ts";
import { providerTable } from "../provider-table.ts";
import { apiOf } from "../providers/index.ts";
import { CallRecord } from "./call-record.ts";
import { Recorder } from "./recorder.ts";

const provider = providerTable(gatewayConfig.parse({})).get("openai");

/** A call that ended so long ago; by default it does not become old while a test runs. */
function endedCall(callNumber: number, ageMs = -60_000): CallRecord {
  assert.ok(provider);
  const call = new CallRecord({
    callNumber,
    startMs: performance.now(),
    method: "POST",
    provider,
    api: apiOf("POST", "/v1/chat/completions"),
    admission: {
      projectId: defaultProjectId,
      apiKeyId: "",
      credentials: [],
      target: { origin: "", pathPrefix: "", isUserGiven: false },
      signer: undefined,
      googleKeyFile: "",
      maskedCredential: "",
    },
    attribution: undefined,
    traceparent: "",
  });
  call.endMs = performance.now() - ageMs;
  return call;
}

/** A recorder whose reading of a call takes a millisecond, and the calls it has read. */
function slowRecorder(): { recorder: Recorder; log: MemoryLog; readCalls: () => number } {
  const log = new MemoryLog();
  let count = 0;
  const onCall = () => {
    count += 1;
    const untilMs = performance.now() + 1;
    while (performance.now() < untilMs);
  };
  const recorder = new Recorder({ log, telemetry: silentTelemetry, onCall, limitBytes: 1 << 20 });
  return { recorder, log, readCalls: () => count };
}

function end(recorder: Recorder, count: number, ageMs?: number): CallRecord[] {
  const calls = Array.from({ length: count }, (_, index) => endedCall(index + 1, ageMs));
  for (const call of calls) recorder.ended(call);
  return calls;
}

test("calls that end together are read a few at a time, and others have their turns meanwhile", async () => {
  const { recorder, log, readCalls } = slowRecorder();
  await using _ = recorder;
  const calls = end(recorder, 60);
  assert.equal(readCalls(), 0);
  let turns = 0;
  while (readCalls() < calls.length) {
    await nextTurn();
    turns += 1;
  }
  assert.ok(turns >= 10, `${turns} turns`);
  const rows = await log.waitForRows(calls.length);
  assert.deepEqual(
    rows.map(({ span_id }) => span_id),
    calls.map(({ spanId }) => spanId),
  );
});

test("where too many wait, those come first", async () => {
  const { recorder, readCalls } = slowRecorder();
  await using _ = recorder;
  end(recorder, 200);
  await nextTurn();
  await nextTurn();
  assert.ok(readCalls() >= 136, `${readCalls()} calls`);
});

test("calls that have waited long are read at once", async () => {
  const { recorder, readCalls } = slowRecorder();
  await using _ = recorder;
  end(recorder, 40, 100);
  await nextTurn();
  await nextTurn();
  assert.equal(readCalls(), 40);
});

test("a flush leaves none unread", async () => {
  const { recorder, log } = slowRecorder();
  await using _ = recorder;
  end(recorder, 50);
  await recorder.flush();
  assert.equal(log.rows.length, 50);
});
