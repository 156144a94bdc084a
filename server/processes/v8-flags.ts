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
