import type { Migration } from "../migrate.ts";
import { first } from "./0001-first.ts";
import { retention } from "./0030-retention.ts";

/** In order; a line for each. A migration that was released is never changed. */
export const migrations: readonly Migration[] = [first, retention];
