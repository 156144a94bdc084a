const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** `21 Nov, 04:05 – 04:10`; whole days as `21 Nov`, longer ones as `21 Nov – 28 Nov`. */
export function formatBucket(startSeconds: number, bucketSeconds: number): string {
  const start = new Date(startSeconds * 1000);
  const end = new Date((startSeconds + bucketSeconds) * 1000);
  if (bucketSeconds === 86_400) return days.format(start);
  if (bucketSeconds > 86_400) return `${days.format(start)} – ${days.format(end)}`;
  return `${days.format(start)}, ${clock.format(start)} – ${clock.format(end)}`;
}
