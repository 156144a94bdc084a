import assert from "node:assert/strict";
import { test } from "node:test";
import { programName } from "./program-name.ts";

const webKit = "AppleWebKit/537.36 (KHTML, like Gecko)";

for (const [userAgent, name] of [
  [`Mozilla/5.0 (X11; Linux x86_64) ${webKit} Chrome/148.0.0.0 Safari/537.36`, "Chrome on Linux"],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webKit} Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0`,
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15",
    "Safari on macOS",
  ],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1", "Safari on iOS"],
  [`Mozilla/5.0 (Linux; Android 16; Pixel 9) ${webKit} Chrome/148.0.0.0 Mobile Safari/537.36`, "Chrome on Android"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox on Linux"],
  ["curl/8.14.1", "curl/8.14.1"],
  ["my program, which is not Chrome/1 at all", "my program, which is not Chrome/1 at all"],
  ["", "Unknown program"],
] as const) {
  test(`${userAgent || "nothing"}: ${name}`, () => assert.equal(programName(userAgent), name));
}
