import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "./metrics-access.ts";

const token = "a-token-for-scrapers";
const loopback = { isLoopbackListener: true };
const beyond = { isLoopbackListener: false };

for (const [name, headers, access, isAllowed] of [
  ["anybody on this machine", { Host: "127.0.0.1:8080" }, loopback, true],
  ["anybody on this machine, by name", { host: "localhost:8080" }, loopback, true],
  ["anybody on this machine, over IPv6", { host: "[::1]:8080" }, loopback, true],
  ["a page whose name was made to lead here", { host: "evil.example:8080" }, loopback, false],
  ["anybody in the network", { host: "weir.internal" }, beyond, false],
  ["somebody in the network who calls this machine by its own name", { host: "127.0.0.1" }, beyond, false],
  ["who has the token", { Authorization: `Bearer ${token}`, host: "weir.internal" }, { ...beyond, token }, true],
  ["who has another token", { authorization: "Bearer another" }, { ...beyond, token }, false],
  ["who has a part of the token", { authorization: `Bearer ${token.slice(0, -1)}` }, { ...beyond, token }, false],
  ["who has no token where there is one", { host: "127.0.0.1" }, { ...loopback, token }, false],
] as const) {
  test(`${name} is ${isAllowed ? "shown" : "refused"} the metrics`, () => {
    const request = { method: "GET", target: "/metrics", rawHeaders: Object.entries(headers).flat() };
    assert.equal(refusalOf(request, access) === undefined, isAllowed);
  });
}
