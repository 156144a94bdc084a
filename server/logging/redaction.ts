/** Field names whose values never reach a log. */
export const secretFields = [
  "password",
  "secret",
  "token",
  "authorization",
  "cookie",
  "apiKey",
  "api_key",
  "x-api-key",
  "x-weir-key",
];

const patterns: readonly (readonly [RegExp, string])[] = [
  // Credentials in a URL, and keys in its query.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s:@]*:[^/\s@]*@/gi, "$1[redacted]@"],
  [/([?&](?:key|api[-_]?key|token|access_token|secret|password)=)[^&\s"']+/gi, "$1[redacted]"],
  // Keys of providers and of our own, and bearer tokens.
  [/\b(sk-[a-z]*-?|gsk_|xai-|AIza)[A-Za-z0-9_-]{8,}/g, "$1[redacted]"],
  [/\b(weir_)[A-Za-z0-9_-]{30,}/g, "$1[redacted]"],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, "$1 [redacted]"],
];

/** A text as it may be logged: what looks like a credential is taken out. */
export function redact(text: string): string {
  let redacted = text;
  for (const [pattern, replacement] of patterns) redacted = redacted.replace(pattern, replacement);
  return redacted;
}
