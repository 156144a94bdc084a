import assert from "node:assert/strict";
import { test } from "node:test";
import { journalState } from "./journal-state.ts";

const status = { usedBytes: 0, limitBytes: 1, queuedBytes: 0, openCalls: 0, acknowledgedRows: 0, refusedRows: 0 };

for (const [state, wanted] of [
  ["ok", { status: "ok", state: "ok" }],
  ["disk_full", { status: "degraded", state: "disk_full", message: "The disk of the journal is full. So it is." }],
  [
    "full",
    { status: "degraded", state: "full", message: "The journal is at its size limit, as storage is behind. So it is." },
  ],
] as const)
  test(`a journal that is ${state}`, () => {
    assert.deepEqual(journalState({ ...status, commits: 0, state }, "So it is."), wanted);
  });
