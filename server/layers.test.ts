import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");

/** The layer table of docs/architecture.md: whom each folder may import. Nothing else of ours. */
const mayImport: Record<string, readonly string[]> = {
  model: [],
  otlp: ["model"],
  query: ["model"],
  catalog: ["model"],
  pipeline: ["otlp", "query", "model"],
  storage: ["query", "model"],
  receivers: ["pipeline", "catalog", "otlp", "model"],
  gateway: ["pipeline", "catalog", "model"],
  api: ["pipeline", "storage", "catalog", "otlp", "query", "model"],
  cli: ["model"],
  export: ["otlp", "model"],
  server: ["receivers", "gateway", "api", "cli", "export", "pipeline", "storage", "catalog", "otlp", "query", "model"],
  web: ["api", "query", "model"],
  demo: [],
  e2e: [],
  // Measurements start the same processes as the black-box tests do, and time decoder, normaliser and storage themselves.
  bench: ["e2e", "api", "otlp", "pipeline", "storage", "catalog", "query", "model"],
};

/** What the browser may see of a package, and the file of it. */
const webMaySee = new Map([
  ["@weir/api/contract", "api/contract/index.ts"],
  ["@weir/model/browser", "model/browser.ts"],
  ["@weir/query", "query/index.ts"],
]);

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s+"([^"]+)"|(?:^|\n)\s*import\s+"([^"]+)"|import\("([^"]+)"\)/g;

function sourceFiles(folder: string): string[] {
  return globSync(`${folder}/**/*.{ts,tsx}`, {
    cwd: root,
    exclude: (name) => /node_modules|dist|\.peers|\.venv/.test(String(name)),
  });
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** The folder of ours that an import reaches, or undefined when it leaves the house. */
function target(file: string, specifier: string): string | undefined {
  if (specifier.startsWith("@weir/")) return specifier.split("/")[1];
  if (!specifier.startsWith(".")) return undefined;
  return relative(root, resolve(root, dirname(file), specifier)).split(sep)[0];
}

for (const [folder, allowed] of Object.entries(mayImport)) {
  test(`${folder} imports only ${allowed.join(", ") || "nothing of ours"}`, () => {
    const wrong = sourceFiles(folder).flatMap((file) =>
      importsOf(file)
        .filter((specifier) => {
          const reached = target(file, specifier);
          return reached !== undefined && reached !== folder && !allowed.includes(reached);
        })
        .map((specifier) => `${file} imports ${specifier}`),
    );
    assert.deepEqual(wrong, []);
  });

  test(`the manifest of ${folder} declares nothing that it may not import`, () => {
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Record<
      string,
      Record<string, string>
    >;
    const declared = Object.keys({ ...manifest["dependencies"], ...manifest["devDependencies"] });
    const ours = declared.filter((name) => name.startsWith("@weir/")).map((name) => name.slice("@weir/".length));
    assert.deepEqual(
      ours.filter((name) => !allowed.includes(name)),
      [],
    );
  });
}

test("the browser sees only what is made for it", () => {
  const wrong = sourceFiles("web").flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith("@weir/") && !webMaySee.has(specifier))
      .map((specifier) => `${file} imports ${specifier}`),
  );
  assert.deepEqual(wrong, []);
});

/** A file without comments and without what type stripping takes away. */
function runningCode(file: string): string {
  return readFileSync(join(root, file), "utf8")
    .replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*/g, "")
    .replaceAll(/(?<=^|\n)(import|export) type [^;]*;/g, "");
}

/** A file, and all that it loads of its own package or of those that the browser may see. */
function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, specifier = ""] of runningCode(file).matchAll(/(?:^|\n)(?:import|export) [^;]*?"([^"]+)"/g)) {
    const next = specifier.startsWith(".") ? join(dirname(file), specifier) : webMaySee.get(specifier);
    if (next !== undefined) loadedBy(next, seen);
  }
  return seen;
}

test("what is made for the browser runs there: nothing of Node is used in all that it loads", () => {
  const files = new Set([...webMaySee.values()].flatMap((file) => [...loadedBy(file)]));
  assert.ok(files.size > 40, `${files.size} files`);
  const ofNode = /\bBuffer\b|\bprocess\.[a-z]+[.([]|"node:|"@weir\/(?!api\/contract|model\/browser|query")/;
  const wrong = [...files].flatMap((file) => {
    const found = ofNode.exec(runningCode(file))?.[0];
    return found === undefined ? [] : [`${file}: ${found}`];
  });
  assert.deepEqual(wrong, []);
});

test("a package is reached through its name, never by a path into it", () => {
  const wrong = Object.keys(mayImport).flatMap((folder) =>
    sourceFiles(folder).flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith(".") && target(file, specifier) !== folder)
        .map((specifier) => `${file} imports ${specifier}`),
    ),
  );
  assert.deepEqual(wrong, []);
});

test("every workspace is in the layer table", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { workspaces: string[] };
  assert.deepEqual([...manifest.workspaces].sort(), Object.keys(mayImport).sort());
});
