import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { asCodedError, CodedError, errorCatalogue } from "./errors.ts";

const page = new URL("../docs/errors.md", import.meta.url);

/** `UPDATE_DOCS=1 node --test model/errors.test.ts` writes the page anew. */
function errorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} | ${meaning} |`,
  );
  return `# Errors

Every error that Weir answers with has a stable code. The body is
\`{"error": {"code", "message", "retryable", "details"?}}\`: \`message\` says what was wrong and what to do, \`details\` names
each wrong field by its path. *Retry* says whether the same request may succeed later; where the answer carries
\`Retry-After\`, wait that long. Errors of a provider pass through the gateway as the provider wrote them.

| Code | HTTP status | Retry | Meaning |
|---|---|---|---|
${rows.join("\n")}
`;
}

test("docs/errors.md lists exactly the catalogue", () => {
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, errorsPage());
  assert.equal(readFileSync(page, "utf8"), errorsPage());
});

test("a coded error carries its status and whether to retry", () => {
  const error = new CodedError("JOURNAL_FULL", "Wait.", { retryAfterMs: 1000 });
  assert.deepEqual([error.status, error.retryable, error.retryAfterMs], [503, true, 1000]);
});

test("whatever else was thrown becomes INTERNAL, and tells nothing of it", () => {
  const cause = new Error("secret");
  const error = asCodedError(cause);
  assert.deepEqual([error.code, error.cause], ["INTERNAL", cause]);
  assert.ok(!error.message.includes("secret"));
  assert.equal(asCodedError(error), error);
});
