import { useSyncExternalStore } from "react";
import { classes } from "./classes.ts";
import { formatAbsolute, formatRelative } from "./format.ts";

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.hidden) return;
    now = Date.now();
    for (const one of listeners) one();
  }, 5000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time of day, every five seconds, one timer for the page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** Relative, with the absolute time on hover. */
export function TimeText({ time, className }: { time: string; className?: string }) {
  const current = Math.max(useNow(), 0);
  return (
    <time dateTime={time} className={classes("num", className)} data-hint={formatAbsolute(time)}>
      {formatRelative(time, current)}
    </time>
  );
}
