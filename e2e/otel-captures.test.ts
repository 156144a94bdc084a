import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/** Real packages against the mock provider: what they emit is still what `testdata/otel` holds. */

const generate = join(import.meta.dirname, "../testdata/otel/generate");
const skip = existsSync(join(generate, "js/node_modules"))
  ? false
  : "the packages that emit are not installed: `.ci/run` installs them into testdata/otel/generate/js";

test("JavaScript packages emit what their captures say", { skip }, () => {
  const packages = ["ai-sdk-7", "openinference-openai-js", "opentelemetry-openai-js", "anthropic-sdk-js"];
  execFileSync(process.execPath, [join(generate, "generate.mjs"), "--check", ...packages], {
    stdio: ["ignore", "inherit", "inherit"],
  });
});
