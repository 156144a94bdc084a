import assert from "node:assert/strict";
import { test } from "node:test";
import protobuf from "protobufjs";
import { encodeExportAnswer, encodeRpcStatus, rpcCodes } from "./answers.ts";

const { root } = protobuf.parse(
  `syntax = "proto3";
   message Partial { int64 rejected = 1; string error_message = 2; }
   message Response { Partial partial_success = 1; }
   message Any { string type_url = 1; bytes value = 2; }
   message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
   message Duration { int64 seconds = 1; int32 nanos = 2; }
   message RetryInfo { Duration retry_delay = 1; }`,
);
// biome-ignore lint/suspicious/noExplicitAny: protobufjs's objects have no types of their own.
function read(type: string, bytes: Uint8Array): any {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: Number });
}

test("a whole success is an empty message", () => {
  assert.equal(encodeExportAnswer("traces", "protobuf").length, 0);
  assert.equal(encodeExportAnswer("logs", "json").toString(), "{}");
});

for (const [signal, name] of [
  ["traces", "rejectedSpans"],
  ["logs", "rejectedLogRecords"],
  ["metrics", "rejectedDataPoints"],
] as const) {
  test(`a partial success of ${signal} says how many and why`, () => {
    const partial = { rejectedCount: 3, reason: "no ids" };
    assert.deepEqual(read("Response", encodeExportAnswer(signal, "protobuf", partial)), {
      partialSuccess: { rejected: 3, errorMessage: "no ids" },
    });
    assert.deepEqual(JSON.parse(encodeExportAnswer(signal, "json", partial).toString()), {
      partialSuccess: { [name]: "3", errorMessage: "no ids" },
    });
  });
}

test("a status tells the delay before a retry", () => {
  const status = { code: rpcCodes.UNAVAILABLE, message: "full", retryAfterMs: 1500 };
  const bytes = read("Status", encodeRpcStatus(status, "protobuf"));
  assert.deepEqual([bytes.code, bytes.message], [14, "full"]);
  assert.equal(bytes.details[0].typeUrl, "type.googleapis.com/google.rpc.RetryInfo");
  assert.deepEqual(read("RetryInfo", bytes.details[0].value), { retryDelay: { seconds: 1, nanos: 500_000_000 } });
  assert.deepEqual(JSON.parse(encodeRpcStatus(status, "json").toString()), {
    code: 14,
    message: "full",
    details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" }],
  });
});
