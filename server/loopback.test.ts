import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopbackHost } from "./loopback.ts";

for (const [host, wanted] of [
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["localhost", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.1", false],
  ["::11", false],
  ["example.org", false],
] as const) {
  test(`${host} is ${wanted ? "" : "not "}loopback`, () => assert.equal(isLoopbackHost(host), wanted));
}
