/** The last instant that DateTime64(9) can hold, a little rounded down. */
const lastNano = 9_200_000_000_000_000_000n;

/** As the text of a parameter, brought into what DateTime64(9) can hold. */
export function nanosecondsAt(unixNano: bigint): string {
  if (unixNano < 0n) return "0";
  return (unixNano > lastNano ? lastNano : unixNano).toString();
}

/** `2026-11-21 04:05:06.123456789` of ClickHouse as RFC 3339. */
export function rfc3339(clickhouseTime: string): string {
  return `${clickhouseTime.replace(" ", "T")}Z`;
}

/** Nanoseconds since 1970 as RFC 3339, with as many digits as it takes: none, three, six or nine. */
export function rfc3339OfNano(unixNano: bigint): string {
  const seconds = unixNano / 1_000_000_000n;
  const fraction = (unixNano % 1_000_000_000n).toString().padStart(9, "0");
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const digits = fraction.replace(/(000){1,3}$/, "");
  return digits === "" ? `${whole}Z` : `${whole}.${digits}Z`;
}
