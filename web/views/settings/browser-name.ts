/** In the order of asking: most browsers also claim to be Chrome, and all of them Mozilla. */
const browsers: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["Edge", /\bEdgA?\/\d/],
  ["Opera", /\bOPR\/\d/],
  ["Samsung Internet", /\bSamsungBrowser\/\d/],
  ["Firefox", /\b(Firefox|FxiOS)\/\d/],
  ["Chrome", /\b(Chrome|HeadlessChrome|CriOS)\/\d/],
  ["Safari", /\bSafari\/\d/],
];
const systems: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["Android", /\bAndroid\b/],
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMacintosh\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Linux", /\bLinux\b/],
];

/** `Firefox on Linux`, of a User-Agent header; the header's beginning where it is no browser's that is known. */
export function browserName(userAgent: string): string {
  const find = (table: typeof browsers) => table.find(([, pattern]) => pattern.test(userAgent))?.[0];
  const [browser, system] = [find(browsers), find(systems)];
  if (browser === undefined) return userAgent.slice(0, 60) || "Unknown program";
  return system === undefined ? browser : `${browser} on ${system}`;
}
