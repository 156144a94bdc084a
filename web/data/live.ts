import { useEffect, useRef, useSyncExternalStore } from "react";
import { apiUrl } from "./client.ts";

export type LiveState = "connecting" | "open" | "lost" | "off";

let state: LiveState = "off";
const stateListeners = new Set<() => void>();
const rowListeners = new Set<() => void>();

function setState(next: LiveState): void {
  state = next;
  for (const listener of stateListeners) listener();
}

function subscribe(listener: () => void): () => void {
  stateListeners.add(listener);
  return () => stateListeners.delete(listener);
}

/** Keeps one stream of "rows were added" open for the project while `enabled`. Mounted once, by the frame. */
export function useLiveConnection(project: string, enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return;
    setState("connecting");
    const source = new EventSource(apiUrl("/api/v1/live", { query: { project_id: project } }));
    const onRows = () => {
      for (const listener of rowListeners) listener();
    };
    source.addEventListener("open", () => setState("open"));
    source.addEventListener("error", () => setState("lost"));
    source.addEventListener("rows", onRows);
    return () => {
      source.close();
      setState("off");
    };
  }, [project, enabled]);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}

/** Calls back when rows arrive, at most once in `everyMs`, and once more at the end of a burst. */
export function useOnRows(callback: () => void, everyMs: number): void {
  const latest = useRef(callback);
  latest.current = callback;
  useEffect(() => {
    const run = throttle(() => latest.current(), everyMs);
    rowListeners.add(run);
    return () => {
      rowListeners.delete(run);
      run.cancel();
    };
  }, [everyMs]);
}

/** Runs at once when the last run is long enough ago, else when it is. */
export function throttle(run: () => void, everyMs: number): (() => void) & { cancel(): void } {
  let last = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const fire = () => {
    timer = undefined;
    last = performance.now();
    run();
  };
  const throttled = () => {
    if (timer !== undefined) return;
    const wait = last + everyMs - performance.now();
    if (wait <= 0) fire();
    else timer = setTimeout(fire, wait);
  };
  return Object.assign(throttled, { cancel: () => clearTimeout(timer) });
}
