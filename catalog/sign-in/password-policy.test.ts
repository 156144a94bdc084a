import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNewPassword } from "./password-policy.ts";

test("passwords that are easy to guess are refused, with the reason", () => {
  const cases: [string, RegExp | undefined][] = [
    ["short", /at least 10/],
    ["aaaaaaaaaaaaaa", /simple pattern/],
    ["abababababab", /simple pattern/],
    ["1234567890", /simple pattern/],
    ["9876543210", /simple pattern/],
    ["abcdefghijkl", /simple pattern/],
    ["password123!", /tries first/],
    ["Willkommen.99", undefined],
    ["ann.marie1999", /own address/],
    ["ann.marie@example.org", /own address/],
    ["correct horse battery", undefined],
    ["日本語のパスワードです", undefined],
    ["x".repeat(1025), /at most/],
  ];
  for (const [password, problem] of cases) {
    const check = () => checkNewPassword(password, "Ann.Marie@example.org");
    if (problem === undefined) assert.doesNotThrow(check, password);
    else assert.throws(check, problem, password);
  }
});
