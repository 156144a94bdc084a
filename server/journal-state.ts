import type { JournalStatus } from "@weir/pipeline";
import type { PartState } from "./role.ts";

const causes: Readonly<Record<Exclude<JournalStatus["state"], "ok">, string>> = {
  full: "The journal is at its size limit, as storage is behind.",
  disk_full: "The disk of the journal is full.",
  failed: "The disk of the journal reports an error.",
  closed: "The process is ending.",
};

/** How a journal is, for `/ready`. `effect`: what becomes of what it does not take. */
export function journalState({ state }: JournalStatus, effect: string): PartState {
  if (state === "ok") return { status: "ok", state };
  return { status: "degraded", state, message: `${causes[state]} ${effect}` };
}
