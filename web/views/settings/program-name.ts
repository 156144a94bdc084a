/** From the most particular: each browser also claims to be those that follow. */
const browsers: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["Edge", /\bEdg(?:e|A|iOS)?\//],
  ["Opera", /\b(?:OPR|Opera)\//],
  ["Firefox", /\b(?:Firefox|FxiOS)\//],
  ["Chrome", /\b(?:Chrome|CriOS|HeadlessChrome)\//],
  ["Safari", /\bSafari\//],
];
const systems: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["iOS", /\b(?:iPhone|iPad|iPod)\b/],
  ["Android", /\bAndroid\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac(?:intosh| OS)\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Linux", /\bLinux\b/],
];
const longest = 60;

/** How a session's program is called: a browser and its system (`Firefox on Linux`), else as it calls itself. */
export function programName(userAgent: string): string {
  const find = (table: typeof browsers) => table.find(([, pattern]) => pattern.test(userAgent))?.[0];
  const browser = find(browsers);
  if (browser === undefined || !userAgent.startsWith("Mozilla/"))
    return userAgent.slice(0, longest) || "Unknown program";
  const system = find(systems);
  return system === undefined ? browser : `${browser} on ${system}`;
}
