/** How identity providers are reached: the one place to guard addresses that an organisation's owner typed in. */
export type ProviderFetch = (url: string, options: object) => Promise<Response>;

const timeoutMs = 10_000;

/** Follows no redirects: an address must answer itself. */
export const fetchFromProvider: ProviderFetch = (url, options) =>
  fetch(url, { ...options, redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });

/** Plain HTTP is for providers on this machine alone. */
export function isLoopbackUrl({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
