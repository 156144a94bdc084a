import assert from "node:assert/strict";
import { test } from "node:test";
import { ownAddress } from "./own-address.ts";

const files = { certFile: "weir.crt", keyFile: "weir.key" };
for (const [host, tls, address] of [
  ["127.0.0.1", {}, "http://127.0.0.1:8080"],
  ["0.0.0.0", {}, "http://127.0.0.1:8080"],
  ["::", files, "https://127.0.0.1:8080"],
  ["::1", files, "https://[::1]:8080"],
  ["weir.example.com", files, "https://weir.example.com:8080"],
] as const) {
  test(`${host}${tls === files ? " with a certificate" : ""} is reached at ${address}`, () =>
    assert.equal(ownAddress({ host, tls }, 8080), address));
}
