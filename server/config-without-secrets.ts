import type { WeirConfig } from "./config-schema.ts";

const isSecret = /password|apikey|secret|token/i;

/** The settings as they may be shown: that a secret is set, and not which. */
export function withoutSecrets(config: WeirConfig): unknown {
  return JSON.parse(
    JSON.stringify(config, (key, value: unknown) => {
      // Headers of a destination carry its key.
      if (key === "headers") return Object.fromEntries(Object.keys(value as object).map((name) => [name, "[set]"]));
      if (isSecret.test(key) && typeof value === "string") return "[set]";
      return /(url|endpoint)$/i.test(key) && typeof value === "string"
        ? value.replace(/:\/\/[^@/]*@/, "://[set]@")
        : value;
    }),
  );
}
