import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProjectId } from "@weir/model";
import { SenderLimits, type SenderRules, senderOf } from "./sender.ts";

function rulesWith(limits: SenderLimits): SenderRules {
  const project = "shop" as ProjectId;
  return {
    keys: () => ({
      apiKey: (secret) => (secret.startsWith("good") ? { id: secret, projectId: project } : undefined),
      project: () => undefined,
    }),
    allowKeyless: true,
    limits,
  };
}

/** The code of the refusal, or "taken". */
function outcome(rules: SenderRules, peer: string | undefined, forwardedFor?: string, key?: string): string {
  try {
    senderOf(rules, { "x-forwarded-for": forwardedFor, ...(key !== undefined && { "x-api-key": key }) }, peer);
    return "taken";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Each asks once before; only the same client is refused then. `undefined` is the gateway over its socket. */
for (const [name, first, second, isSame] of [
  ["one address", ["192.0.2.1"], ["192.0.2.1"], true],
  ["two addresses", ["192.0.2.1"], ["192.0.2.2"], false],
  ["a header of somebody's own", ["192.0.2.1", "10.9.9.1"], ["192.0.2.1", "10.9.9.2"], true],
  ["two clients of the gateway", [undefined, "192.0.2.1"], [undefined, "192.0.2.2"], false],
  [
    "one client of the gateway, with a header of its own",
    [undefined, "9.9.9.1, 192.0.2.1"],
    [undefined, "192.0.2.1"],
    true,
  ],
  ["two clients of a proxy that is named", ["10.1.0.9", "192.0.2.1"], ["10.1.0.9", "192.0.2.2"], false],
  [
    "two clients of it through the gateway",
    [undefined, "192.0.2.1, 10.1.0.9"],
    [undefined, "192.0.2.2, 10.1.0.9"],
    false,
  ],
  ["the same by both ways", ["192.0.2.1"], [undefined, "192.0.2.1, 10.1.0.9"], true],
] as const) {
  test(`limits by address: ${name}`, () => {
    const rules = rulesWith(new SenderLimits({ perAddressPerMinute: 1 }, ["10.1.0.0/16"]));
    assert.equal(outcome(rules, first[0], first[1]), "taken");
    assert.equal(outcome(rules, second[0], second[1]), isSame ? "RATE_LIMITED" : "taken");
  });
}

test("limits by key hold whatever the address, and are not used up by wrong keys", () => {
  const rules = rulesWith(new SenderLimits({ perKeyPerMinute: 1 }, []));
  assert.equal(outcome(rules, "192.0.2.1", undefined, "wrong"), "UNAUTHENTICATED");
  assert.equal(outcome(rules, "192.0.2.1", undefined, "good"), "taken");
  assert.equal(outcome(rules, "192.0.2.2", undefined, "good"), "RATE_LIMITED");
  assert.equal(outcome(rules, "192.0.2.2", undefined, "good too"), "taken");
});

test("wrong keys are limited by address", () => {
  const rules = rulesWith(new SenderLimits({ perAddressPerMinute: 1 }, []));
  assert.equal(outcome(rules, "192.0.2.1", undefined, "wrong"), "UNAUTHENTICATED");
  assert.equal(outcome(rules, "192.0.2.1", undefined, "good"), "RATE_LIMITED");
});
