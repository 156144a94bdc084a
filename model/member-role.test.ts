import assert from "node:assert/strict";
import { test } from "node:test";
import { greaterRole, isAtLeast, isKeyScope, isMemberRole, type MemberRole } from "./member-role.ts";

test("roles are ordered, and none is less than all", () => {
  const cases: [MemberRole | undefined, MemberRole, boolean][] = [
    [undefined, "viewer", false],
    ["viewer", "viewer", true],
    ["viewer", "member", false],
    ["member", "viewer", true],
    ["admin", "owner", false],
    ["owner", "admin", true],
  ];
  for (const [role, least, expected] of cases) assert.equal(isAtLeast(role, least), expected, `${role} ${least}`);
  assert.equal(greaterRole(undefined, undefined), undefined);
  assert.equal(greaterRole("member", undefined), "member");
  assert.equal(greaterRole("member", "admin"), "admin");
  assert.equal(greaterRole("owner", "admin"), "owner");
});

test("what is no role and no scope is told apart", () => {
  assert.deepEqual([isMemberRole("owner"), isMemberRole("root"), isMemberRole(undefined)], [true, false, false]);
  assert.deepEqual([isKeyScope("ingest"), isKeyScope("all"), isKeyScope(1)], [true, false, false]);
});
