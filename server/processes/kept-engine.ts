import { setTimeout as sleep } from "node:timers/promises";
import { asCodedError, type CodedError, type Telemetry } from "@weir/model";
import { childExited, childFailed } from "../events.ts";
import { RestartPause } from "./restart-pause.ts";

/** What is needed of an engine: that it ends, for whatever reason, and can be ended. */
export interface EngineProcess extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

export interface KeptEngine extends AsyncDisposable {
  readonly pid: number | undefined;
  /** Resolves when the first start has gone well or ill; with the error where it went ill. */
  readonly firstStart: Promise<CodedError | undefined>;
}

/**
 * Keeps the engine running: started again when it dies, with growing pauses when it cannot start. After `stop` it is
 * not started again, and runs until it is disposed.
 */
export function keepEngine(
  start: () => Promise<EngineProcess>,
  telemetry: Telemetry,
  stop: AbortSignal = new AbortController().signal,
): KeptEngine {
  const stopping = new AbortController();
  stop.addEventListener("abort", () => stopping.abort());
  const pause = new RestartPause();
  let engine: EngineProcess | undefined;
  const firstStart = Promise.withResolvers<CodedError | undefined>();

  const live = async (): Promise<void> => {
    try {
      engine = await start();
    } catch (thrown) {
      const error = asCodedError(thrown);
      telemetry.emit(childFailed, { part: "engine", error: error.message });
      firstStart.resolve(error);
      return;
    }
    firstStart.resolve(undefined);
    const { code, signal } = await engine.exited;
    engine = undefined;
    if (!stopping.signal.aborted) telemetry.emit(childExited, { part: "engine", how: signal ?? `exit code ${code}` });
  };

  const keep = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      await live();
      const pauseMs = pause.next(performance.now() - startedMs);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  const kept = keep();
  return {
    get pid() {
      return engine?.pid;
    },
    firstStart: firstStart.promise,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await firstStart.promise;
      await engine?.[Symbol.asyncDispose]();
      await kept;
    },
  };
}
