import assert from "node:assert/strict";
import { test } from "node:test";
import { logEnvironmentSnippet, logSnippet, restSnippet, type SnippetProvider, snippetsFor } from "./snippets.ts";

const origin = "http://127.0.0.1:8080";
const baseUrls: Record<SnippetProvider, string> = { openai: `${origin}/openai/v1`, anthropic: `${origin}/anthropic` };

for (const provider of ["openai", "anthropic"] as const) {
  const codes = (key: string | undefined, isVirtual: boolean) =>
    snippetsFor(provider, { origin, weirKey: key, isVirtual }).map(({ code }) => code);

  test(`${provider}: every snippet holds this install's address`, () => {
    for (const code of codes(undefined, false)) assert.ok(code.includes(baseUrls[provider]), code);
  });

  test(`${provider}: without a key none is spoken of`, () => {
    for (const code of codes(undefined, false)) assert.doesNotMatch(code, /weir_|x-weir-key|undefined/);
  });

  test(`${provider}: a key goes into the header, or in the place of the provider's`, () => {
    for (const code of codes("weir_abc", false).slice(0, 3)) assert.match(code, /x-weir-key"?: ?"?.?weir_abc/);
    for (const code of codes("weir_abc", true)) {
      assert.match(code, /weir_abc/);
      assert.doesNotMatch(code, /x-weir-key/);
    }
  });
}

test("the body of the REST snippet is JSON", () => {
  const body = /-d '(.*)'$/s.exec(restSnippet(origin, undefined))?.[1] ?? "";
  assert.equal(JSON.parse(body).spans[0].prompt_tokens, 4);
});

test("the body of the log snippet is an OTLP request, and a key is named only where there is one", () => {
  const body = /-d '(.*)'$/s.exec(logSnippet(origin, undefined))?.[1] ?? "";
  assert.equal(JSON.parse(body).resourceLogs[0].scopeLogs[0].logRecords[0].severityNumber, 9);
  for (const snippet of [logSnippet, logEnvironmentSnippet]) {
    assert.ok(snippet(origin, undefined).includes(origin));
    assert.doesNotMatch(snippet(origin, undefined), /weir-key|api-key/);
    assert.match(snippet(origin, "weir_abc"), /key[=:] ?weir_abc/);
  }
});
