import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, type Telemetry } from "@weir/model";
import { childExited, childFailed, shutdownForced } from "../events.ts";
import { lineSplitter } from "../logging/log-lines.ts";
import { type ReadinessMessage, readinessDescriptor } from "./readiness.ts";
import { RestartPause, type RestartPauseSettings } from "./restart-pause.ts";

export interface KeptProcessOptions {
  /** `gateway-0` */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly telemetry: Telemetry;
  /** Each line that it writes on standard output or standard error. */
  readonly onLine: (line: string) => void;
  /** Whether it says on file descriptor 3 when it is ready; otherwise it is ready once it runs. */
  readonly tellsReadiness?: boolean;
  readonly pause?: RestartPauseSettings;
  /** Called with the pid of each life. */
  readonly onStart?: (pid: number) => void;
}

/**
 * A child that is started again whenever it ends. It has a session of its own, so that Ctrl-C reaches the supervisor
 * alone, and its standard input is a pipe that ends with the supervisor: a child that must not outlive it reads that.
 */
export interface KeptProcess extends AsyncDisposable {
  readonly name: string;
  /** Undefined between two lives. */
  readonly pid: number | undefined;
  readonly restarts: number;
  /** What it announced when it was first ready. Rejects when the first start fails, and is not tried again then. */
  readonly firstReady: Promise<Readonly<Record<string, string>>>;
  /** Asks it to end (SIGTERM) and kills it after the deadline. It is not started again. */
  stop(deadlineMs: number): Promise<void>;
  kill(): void;
}

export function keepProcess(options: KeptProcessOptions): KeptProcess {
  return new Keeper(options);
}

interface Life {
  readonly child: ChildProcess;
  readonly ready: Promise<Readonly<Record<string, string>>>;
  readonly ended: Promise<string>;
  readonly startedMs: number;
}

class Keeper implements KeptProcess {
  readonly name: string;
  readonly firstReady: Promise<Readonly<Record<string, string>>>;
  readonly #options: KeptProcessOptions;
  readonly #pause: RestartPause;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #life: Life | undefined;
  #restarts = 0;

  constructor(options: KeptProcessOptions) {
    this.name = options.name;
    this.#options = options;
    this.#pause = new RestartPause(options.pause);
    const first = this.#start();
    this.firstReady = first.ready;
    this.#done = this.#keep(first);
  }

  get pid(): number | undefined {
    return this.#life?.child.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    this.#life?.child.kill("SIGTERM");
    const timer = setTimeout(() => {
      if (this.#life === undefined) return;
      this.#options.telemetry.emit(shutdownForced, { part: this.name, after_ms: deadlineMs });
      this.kill();
    }, deadlineMs);
    await this.#done;
    clearTimeout(timer);
  }

  kill(): void {
    this.#stopping.abort();
    this.#life?.child.kill("SIGKILL");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(5000);
  }

  async #keep(first: Life): Promise<void> {
    let life = first;
    const isUp = await first.ready.then(
      () => true,
      () => false,
    );
    for (;;) {
      const how = await life.ended;
      this.#life = undefined;
      if (this.#stopping.signal.aborted || !isUp) return;
      const { telemetry } = this.#options;
      telemetry.emit(childExited, { part: this.name, how });
      const pauseMs = this.#pause.next(performance.now() - life.startedMs);
      await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      life = this.#start();
      this.#restarts += 1;
      life.ready.catch((error: Error) => telemetry.emit(childFailed, { part: this.name, error: error.message }));
    }
  }

  #start(): Life {
    const { file, args, environment, onLine, tellsReadiness } = this.#options;
    const child = spawn(file, args, {
      env: environment,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true,
    });
    if (child.pid !== undefined) this.#options.onStart?.(child.pid);
    child.stdin?.on("error", () => undefined);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", lineSplitter(onLine));
    }
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    const ready = tellsReadiness ? readinessOf(child, this.name, ended) : Promise.resolve({});
    ready.catch(() => undefined);
    this.#life = { child, ready, ended, startedMs: performance.now() };
    return this.#life;
  }
}

async function readinessOf(
  child: ChildProcess,
  name: string,
  ended: Promise<string>,
): Promise<Readonly<Record<string, string>>> {
  const message = await Promise.race([readinessMessage(child), ended]);
  if (typeof message === "string") throw new CodedError("PART_UNAVAILABLE", `${name} ended at its start: ${message}.`);
  if (!message.ready) throw new CodedError(message.code, message.message);
  return message.announcement;
}

function readinessMessage(child: ChildProcess): Promise<ReadinessMessage> {
  return new Promise((resolve) => {
    const pipe = child.stdio[readinessDescriptor];
    if (!pipe || !("setEncoding" in pipe)) return;
    pipe.on("error", () => undefined);
    pipe.setEncoding("utf8").on(
      "data",
      lineSplitter((line) => resolve(JSON.parse(line) as ReadinessMessage)),
    );
  });
}
