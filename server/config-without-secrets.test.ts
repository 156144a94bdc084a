import assert from "node:assert/strict";
import { test } from "node:test";
import { weirConfig } from "./config-schema.ts";
import { withoutSecrets } from "./config-without-secrets.ts";

test("no secret of the configuration is shown, and all else is", () => {
  const shown = JSON.stringify(
    withoutSecrets(
      weirConfig.parse({
        host: "127.0.0.2",
        init: { apiKey: "planted-key", adminEmail: "ana@example.com", adminPassword: "planted-password" },
        clickhouse: { url: "http://user:planted-clickhouse@click.example:8123" },
        postgres: { url: "postgres://weir:planted-postgres@pg.example/weir" },
        providers: { own: { baseUrl: "https://user:planted-base@llm.example" } },
        metrics: { token: "planted-metrics-token" },
        export: {
          destinations: {
            c: { endpoint: "https://user:planted-endpoint@c.example", headers: { authorization: "planted-header" } },
          },
        },
      }),
    ),
  );
  assert.doesNotMatch(shown, /planted/);
  for (const kept of ["127.0.0.2", "ana@example.com", "://[set]@click.example:8123", "://[set]@pg.example/weir"])
    assert.ok(shown.includes(kept), kept);
  assert.match(shown, /"token":"\[set\]".*"authorization":"\[set\]"/s);
});
