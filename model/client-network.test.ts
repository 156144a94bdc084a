import assert from "node:assert/strict";
import { test } from "node:test";
import { networkOfClient } from "./client-network.ts";

for (const [address, network] of [
  ["10.1.2.3", "10.1.2.3"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["::FFFF:0a01:0203", "10.1.2.3"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["", ""],
  ["no address", "no address"],
] as const) {
  test(`${address || "nothing"} is limited as ${network || "nothing"}`, () => {
    assert.equal(networkOfClient(address), network);
  });
}
