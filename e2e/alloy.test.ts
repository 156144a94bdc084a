import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkout } from "./weir-process.ts";

/** deploy/alloy: by Alloy itself where it is installed, and in any case by what can be read off the text. */

const file = join(checkout, "deploy", "alloy", "config.alloy");
const text = readFileSync(file, "utf8").replaceAll(/^\s*\/\/.*$/gm, "");

function withoutAlloy(): string | false {
  try {
    execFileSync("alloy", ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return "no `alloy` on PATH; it is in no package registry that this test may install from";
  }
}

test("Alloy accepts the configuration", { skip: withoutAlloy() }, () => {
  execFileSync("alloy", ["validate", file], { stdio: "pipe" });
  execFileSync("alloy", ["fmt", "--test", file], { stdio: "pipe" });
});

const components = new Set(
  [...text.matchAll(/^([a-z_.]+) "([a-z_]+)" \{$/gm)].map(([, name, label]) => `${name}.${label}`),
);

test("components are declared once, and every reference leads to one", () => {
  const declarations = [...text.matchAll(/^[a-z_.]+ "[a-z_]+" \{$/gm)];
  assert.equal(declarations.length, components.size);
  const references = [...text.matchAll(/\b((?:otelcol|prometheus)\.[a-z_.]+)\.(input|handler|receiver)\b/g)];
  assert.ok(references.length >= 10);
  assert.deepEqual(
    references.map(([, component = ""]) => component).filter((component) => !components.has(component)),
    [],
  );
});

test("blocks are closed, and attributes stand one on a line", () => {
  let depth = 0;
  for (const line of text.split("\n")) {
    depth += (line.match(/[{[]/g) ?? []).length - (line.match(/[}\]]/g) ?? []).length;
    assert.ok(depth >= 0, line);
    assert.ok((line.match(/[^=!<>]=[^=~]/g) ?? []).length <= 1 || line.includes("__address__"), line);
  }
  assert.equal(depth, 0);
});

test("every setting that it takes from the environment is named at its head", () => {
  const head = readFileSync(file, "utf8").split("\n\n// Telemetry of applications")[0] ?? "";
  for (const [, variable = ""] of text.matchAll(/sys\.env\("(\w+)"\)/g))
    assert.match(head, new RegExp(`\\b${variable}=`));
});
