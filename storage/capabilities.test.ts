import assert from "node:assert/strict";
import { test } from "node:test";
import { toCapabilities } from "./capabilities.ts";

for (const [version, knows, features] of [
  ["24.8.14.39", 0, []],
  ["25.12.1.1", 1, ["bucketed_maps", "adaptive_buffers", "automatic_statistics", "packed_postings"]],
  ["26.1.9.1", 1, ["bucketed_maps", "adaptive_buffers", "automatic_statistics", "packed_postings"]],
  ["26.2.1.1", 1, ["bucketed_maps", "adaptive_buffers", "automatic_statistics", "packed_postings", "text_index"]],
  ["27.1.1.1", 1, ["bucketed_maps", "adaptive_buffers", "automatic_statistics", "packed_postings", "text_index"]],
] as const)
  test(`${version} ${knows ? "that knows the settings" : "without the settings"}`, () => {
    const settings = {
      map_buckets: knows,
      adaptive_buffers: knows,
      automatic_statistics: knows,
      packed_postings: knows,
      index_later: knows,
    };
    const row = { version, ...settings };
    assert.deepEqual([...toCapabilities(row).features], features);
  });
