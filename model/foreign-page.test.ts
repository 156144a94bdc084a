import assert from "node:assert/strict";
import { test } from "node:test";
import { isFromForeignPage } from "./foreign-page.ts";

for (const [origin, site, isForeign] of [
  [undefined, undefined, false],
  [undefined, "none", false],
  [undefined, "same-origin", false],
  ["http://localhost:3000", "same-site", false],
  ["http://app.localhost:3000", undefined, false],
  ["http://127.0.0.1:8080", undefined, false],
  ["http://[::1]:8080", undefined, false],
  [undefined, "cross-site", true],
  ["http://127.0.0.1:8080", "cross-site", true],
  ["https://evil.example", undefined, true],
  ["http://localhost.evil.example", undefined, true],
  // A name that leads here asks in its own name.
  ["http://rebound.example:8080", "same-origin", true],
  ["null", undefined, true],
  ["", undefined, true],
] as const) {
  test(`a page of ${origin ?? "no origin"}, ${site ?? "no site"}: ${isForeign ? "foreign" : "ours"}`, () =>
    assert.equal(isFromForeignPage(origin, site), isForeign));
}
