import assert from "node:assert/strict";
import { test } from "node:test";
import { redact } from "./redaction.ts";

for (const [text, wanted] of [
  ["connect http://weir:hunter22@db:8123 failed", "connect http://[redacted]@db:8123 failed"],
  ["postgres://u:p@h/db", "postgres://[redacted]@h/db"],
  ["GET /v1beta/models?key=AIzaSyD4x9012345&alt=sse", "GET /v1beta/models?key=[redacted]&alt=sse"],
  ["no such key sk-proj-abcdefgh12345678", "no such key sk-proj-[redacted]"],
  ["key weir_0123456789abcdef0123456789abcdef0123456789a is revoked", "key weir_[redacted] is revoked"],
  ["weir_journal_rows_total", "weir_journal_rows_total"],
  ["authorization: Bearer eyJhbGciOi.J9", "authorization: Bearer [redacted]"],
  ["http://127.0.0.1:8080/openai/v1", "http://127.0.0.1:8080/openai/v1"],
  ["the task-force met at 10:30", "the task-force met at 10:30"],
] as const) {
  test(`redacts: ${text}`, () => assert.equal(redact(text), wanted));
}
