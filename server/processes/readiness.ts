import { closeSync, writeSync } from "node:fs";
import type { ErrorCode } from "@weir/model";

/** What a child tells its supervisor, once, as a line of JSON on file descriptor 3. */
export type ReadinessMessage =
  | { readonly ready: true; readonly announcement: Readonly<Record<string, string>> }
  | { readonly ready: false; readonly code: ErrorCode; readonly message: string };

export const readinessDescriptor = 3;

/** Tells the supervisor, if it still listens. */
export function tellSupervisor(message: ReadinessMessage): void {
  try {
    writeSync(readinessDescriptor, `${JSON.stringify(message)}\n`);
    closeSync(readinessDescriptor);
  } catch {
    // The supervisor is gone; a gateway goes on without it.
  }
}
