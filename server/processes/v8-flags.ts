import { setFlagsFromString } from "node:v8";
import flags from "./v8-flags.json" with { type: "json" };

/**
 * What every process of Weir is started with, supervisor and roles; `tools/compile-cache.mjs` compiles for the same.
 *
 * - `--expose-gc`: see `memory-of-the-start.ts`.
 * - `--external-memory-accounted-in-global-limit`: V8 answers each 64 MB of buffers, which lie outside its heap, with a
 *   full collection on every core, garbage or not. With bodies of 100 KB that was ten a second and half of the
 *   gateway's processor time. So their memory counts towards one limit that grows with what is alive.
 */
export const v8Flags: readonly string[] = flags;

/**
 * What the gateway is started with besides: it must not stand still for longer than a token may be late.
 *
 * - `--max-semi-space-size`, in MB: a collection of young objects copies those that are in use, as those of streams under
 *   way are. V8's 16 MB are collected seldom, in 8 to 39 ms with 1,000 streams; 4 MB in 3 to 10, for the same processor
 *   time.
 * - `--no-parallel-scavenge`: threads that help with so little gain nothing, and while other programs have the cores
 *   everything waits for the last of them.
 */
export const gatewayFlags: readonly string[] = ["--max-semi-space-size=4", "--no-parallel-scavenge"];

/**
 * For ingest, which does little else than run a few loops over many small functions; to be called once its code is
 * loaded, as the first is part of the key of the compiled code.
 *
 * - `--max-inlined-bytecode-size-cumulative`: V8 inlines 920 bytes of bytecode into a function and leaves the rest to be
 *   called. With more, making rows takes a tenth less.
 * - `--no-parallel-scavenge`: as for the gateway. Core stopped, V8's threads took half of the time a span.
 */
export function setIngestFlags(): void {
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=3000");
  setFlagsFromString("--no-parallel-scavenge");
}
