import { providerIds } from "./providers/index.ts";

/** Variables that the providers' own SDKs read, where that is not `<PROVIDER>_API_KEY`; the first that is set counts. */
const ownVariables: Readonly<Record<string, readonly string[]>> = {
  azure: ["AZURE_OPENAI_API_KEY"],
  bedrock: ["AWS_BEARER_TOKEN_BEDROCK"],
  cohere: ["CO_API_KEY", "COHERE_API_KEY"],
  deepinfra: ["DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"],
  gemini: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  huggingface: ["HF_TOKEN", "HUGGINGFACE_API_KEY"],
};

/** The variables of a provider's key, in the order in which they are looked at. */
export function keyVariables(provider: string): readonly string[] {
  return ownVariables[provider] ?? [`${provider.replaceAll("-", "_").toUpperCase()}_API_KEY`];
}

/**
 * Keys of providers by id, out of the environment. Bedrock's may be an access key: `AWS_ACCESS_KEY_ID`,
 * `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
 */
export function keysInEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  ownProviders: readonly string[],
): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const provider of [...providerIds, ...ownProviders]) {
    const variable = keyVariables(provider).find((name) => (environment[name] ?? "") !== "");
    const key = variable === undefined ? "" : (environment[variable] ?? "");
    if (key !== "") keys.set(provider, key);
  }
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = environment;
  if (!keys.has("bedrock") && id && secret) keys.set("bedrock", [id, secret, ...(token ? [token] : [])].join(":"));
  return keys;
}
