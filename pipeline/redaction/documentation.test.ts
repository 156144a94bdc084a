import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Detector } from "./detectors/detector.ts";
import { personalSet, secretSet } from "./detectors/index.ts";

const page = new URL("../../docs/redaction.md", import.meta.url);
const begin = "<!-- detectors: UPDATE_DOCS=1 node --test pipeline/redaction/documentation.test.ts -->";
const end = "<!-- end of detectors -->";

function table(title: string, detectors: readonly Detector[]): string {
  const rows = detectors.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |`);
  return `### ${title}\n| detector | finds |\n|---|---|\n${rows.join("\n")}`;
}

test("docs/redaction.md lists exactly the detectors", () => {
  const text = readFileSync(page, "utf8");
  const [before = "", rest = ""] = text.split(begin);
  const after = rest.split(end)[1] ?? "";
  const tables = [table("Secrets", secretSet), table("Personal data", personalSet)];
  const wanted = `${before}${begin}\n${tables.join("\n\n")}\n${end}${after}`;
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, wanted);
  assert.equal(readFileSync(page, "utf8"), wanted);
});
