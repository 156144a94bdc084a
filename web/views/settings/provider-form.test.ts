import assert from "node:assert/strict";
import { test } from "node:test";
import { providerBody, rolesByGroup } from "./provider-form.ts";

test("roles by group are read as they are typed", () => {
  for (const [text, roles] of [
    ["", {}],
    ["engineers=member, leads = admin", { engineers: "member", leads: "admin" }],
    ["a=b=c, =owner, engineers, x=root, ops=viewer,", { ops: "viewer" }],
  ] as const) {
    assert.deepEqual(rolesByGroup(text), roles, text);
  }
});

test("a body has what its kind needs, and a secret only where one was typed", () => {
  const text = { name: " Company ", issuer: "https://i.example", client_id: "weir", client_secret: "" };
  assert.deepEqual(providerBody("oidc", text, null), {
    kind: "oidc",
    name: "Company",
    role_by_group: {},
    default_role: null,
    settings: { issuer: "https://i.example", client_id: "weir" },
  });
  const secret = providerBody("oauth", { ...text, client_secret: "s" }, "viewer");
  assert.equal("client_secret" in secret && secret.client_secret, "s");
});
