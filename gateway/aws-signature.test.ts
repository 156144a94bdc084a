import assert from "node:assert/strict";
import { test } from "node:test";
import { awsSigner, readCredentialScope, signAws } from "./aws-signature.ts";

// AWS's published test suite for Signature Version 4 (aws-sig-v4-test-suite): its key, time, region and service.
const signer = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "",
  region: "us-east-1",
};
const at = new Date("2015-08-30T12:36:00Z");

for (const [name, method, path, contentType, body, signature] of [
  ["get-vanilla", "GET", "/", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
  ["post-vanilla", "POST", "/", "", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
  [
    "get-vanilla-query-order-key-case",
    "GET",
    "/?Param2=value2&Param1=value1",
    "",
    "",
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  ],
  ["get-vanilla-query", "GET", "/", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
  [
    "post-vanilla-query",
    "POST",
    "/?Param1=value1",
    "",
    "",
    "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
  ],
  [
    "post-x-www-form-urlencoded",
    "POST",
    "/",
    "application/x-www-form-urlencoded",
    "Param1=value1",
    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  ],
] as const) {
  test(`AWS's vector ${name}`, () => {
    const request = { method, host: "example.amazonaws.com", path, contentType, body: Buffer.from(body) };
    const [, authorization] = signAws(request, signer, "service", at);
    assert.equal(authorization?.split("Signature=")[1], signature);
  });
}

test("the documentation's IAM example, with a content type", () => {
  const request = {
    method: "GET",
    host: "iam.amazonaws.com",
    path: "/?Action=ListUsers&Version=2010-05-08",
    contentType: "application/x-www-form-urlencoded; charset=utf-8",
    body: Buffer.alloc(0),
  };
  assert.equal(
    signAws(request, signer, "iam", at)[1],
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  );
});

test("temporary credentials send and sign their token", () => {
  const request = { method: "POST", host: "h", path: "/", contentType: "", body: Buffer.alloc(0) };
  const headers = signAws(request, { ...signer, sessionToken: "token" }, "bedrock", at);
  assert.deepEqual(headers.slice(2), ["x-amz-date", "20150830T123600Z", "x-amz-security-token", "token"]);
  assert.match(headers[1] ?? "", /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
});

for (const [secret, expected] of [
  ["AKIAIOSFODNN7EXAMPLE:abc/def+g", ["AKIAIOSFODNN7EXAMPLE", "abc/def+g", ""]],
  ["ASIAIOSFODNN7EXAMPLE:abc:token:with:colons", ["ASIAIOSFODNN7EXAMPLE", "abc", "token:with:colons"]],
  ["ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl", undefined],
  ["bedrock-api-key-x:y", undefined],
] as const) {
  test(`a connection's secret ${secret.slice(0, 4)}…`, () => {
    const found = awsSigner(secret, "us-east-1");
    assert.deepEqual(found && [found.accessKeyId, found.secretAccessKey, found.sessionToken], expected);
  });
}

for (const [header, expected] of [
  [
    "AWS4-HMAC-SHA256 Credential=AKID/20240101/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=x",
    { accessKeyId: "AKID", region: "eu-west-1" },
  ],
  [
    "AWS4-HMAC-SHA256 Credential=weir_a/b/20240101/us-west-2/bedrock/aws4_request,SignedHeaders=host,Signature=x",
    { accessKeyId: "weir_a/b", region: "us-west-2" },
  ],
  ["Bearer AWS4-HMAC-SHA256", undefined],
  ["AWS4-HMAC-SHA256 Credential=AKID", undefined],
] as const) {
  test(`the scope of ${header.slice(0, 60)}`, () => assert.deepEqual(readCredentialScope(header), expected));
}
