const settledMs = 3000;

/**
 * Loading leaves garbage that an idle V8 would keep for ever: one collection after the start gives some 15 MB back.
 * Needs `--expose-gc`; does nothing without.
 */
export function returnMemoryOfTheStart(): void {
  setTimeout(() => globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" }), settledMs).unref();
}
