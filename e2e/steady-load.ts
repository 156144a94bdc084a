import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What became of one call. Times are of `performance.now`. */
export interface SentCall {
  /** The call's user id in Weir: its own. */
  readonly id: string;
  readonly isStream: boolean;
  readonly startedMs: number;
  /** When the last byte reached us; undefined when it never did. */
  lastByteMs: number | undefined;
  /** Why it failed: an error's code, or a status. */
  failure: string | undefined;
  /** Sent again, because the connection broke before any byte of an answer; as every SDK does. */
  retries: number;
  endedMs: number | undefined;
}

export interface SteadyLoadOptions {
  readonly url: string;
  /** Marks the calls: their session id. */
  readonly session: string;
  readonly callsPerSecond: number;
  /** Of a slow provider, to have calls under way at any moment. */
  readonly streamsPerSecond: number;
}

const slicesPerSecond = 100;
/** SDKs wait half a second and more. */
const retryPauseMs = 300;
const body = JSON.stringify({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Where is my parcel? ".repeat(40) }],
});
const streamBody = JSON.stringify({
  model: "claude-haiku-4-5-20251001",
  max_tokens: 400,
  stream: true,
  messages: [{ role: "user", content: "How do I export all of my data before I close my account?" }],
});

/** Sends calls at a steady rate until it is stopped, whatever becomes of them. */
export class SteadyLoad {
  readonly calls: SentCall[] = [];
  readonly #options: SteadyLoadOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1024 });
  readonly #running = new Set<Promise<void>>();
  #isOn = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: SteadyLoadOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isOn = true;
    this.#loop = this.#run();
  }

  /** Stops, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#loop;
    await Promise.all(this.#running);
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    const { callsPerSecond, streamsPerSecond } = this.#options;
    const startedMs = performance.now();
    let calls = 0;
    let streams = 0;
    while (this.#isOn) {
      const seconds = (performance.now() - startedMs) / 1000;
      for (; calls < seconds * callsPerSecond; calls++) this.#send(false);
      for (; streams < seconds * streamsPerSecond; streams++) this.#send(true);
      await sleep(1000 / slicesPerSecond);
    }
  }

  #send(isStream: boolean): void {
    const call: SentCall = {
      id: `${this.#options.session}-${this.calls.length}`,
      isStream,
      startedMs: performance.now(),
      lastByteMs: undefined,
      failure: undefined,
      retries: 0,
      endedMs: undefined,
    };
    this.calls.push(call);
    const sending = this.#try(call).then(() => {
      call.endedMs = performance.now();
      this.#running.delete(sending);
    });
    this.#running.add(sending);
  }

  async #try(call: SentCall): Promise<void> {
    for (;;) {
      const { failure, hadAnswer, wasReused } = await this.#once(call);
      call.failure = failure;
      if (failure === undefined) call.lastByteMs = performance.now();
      // A kept connection may be closed by the other side at the very moment that we use it again.
      if (failure === undefined || hadAnswer || call.retries >= 2 || !(wasReused || failure === "ECONNRESET")) return;
      call.retries += 1;
      await sleep(retryPauseMs);
    }
  }

  #once(call: SentCall): Promise<{ failure: string | undefined; hadAnswer: boolean; wasReused: boolean }> {
    const { url, session } = this.#options;
    const path = call.isStream ? "/anthropic/v1/messages" : "/openai/v1/chat/completions";
    return new Promise((resolve) => {
      let hadAnswer = false;
      const end = (failure: string | undefined) => resolve({ failure, hadAnswer, wasReused: outgoing.reusedSocket });
      const outgoing = request(url + path, {
        method: "POST",
        agent: this.#agent,
        headers: {
          "content-type": "application/json",
          authorization: "Bearer sk-load",
          "x-weir-user": call.id,
          "x-weir-session": session,
          "content-length": call.isStream ? streamBody.length : body.length,
        },
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      outgoing.on("response", (response) => {
        hadAnswer = true;
        response.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
        response.on("end", () => end(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`));
        response.resume();
      });
      outgoing.end(call.isStream ? streamBody : body);
    });
  }
}
