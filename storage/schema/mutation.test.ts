import assert from "node:assert/strict";
import { test } from "node:test";
import { mutationStatement, mutationsSource } from "./mutation.ts";

for (const [cluster, statement, source] of [
  [undefined, "ALTER TABLE `logs` DELETE WHERE 1 SETTINGS mutations_sync = 0", "system.mutations"],
  [
    "two`shards",
    "ALTER TABLE `logs_local` ON CLUSTER `two\\`shards` DELETE WHERE 1 SETTINGS mutations_sync = 0, allow_nondeterministic_mutations = 1",
    "clusterAllReplicas(`two\\`shards`, system.mutations)",
  ],
] as const) {
  test(`a mutation on ${cluster === undefined ? "one node" : "a cluster"}`, () => {
    assert.equal(mutationStatement("logs", "DELETE WHERE 1", cluster), statement);
    assert.equal(mutationsSource(cluster), source);
  });
}
