import type { Migration } from "../migrate.ts";
import { first } from "./0001-first.ts";
import { people } from "./0002-people.ts";
import { audit } from "./0003-audit.ts";
import { signIn } from "./0004-sign-in.ts";
import { retention } from "./0030-retention.ts";
import { pastProjects } from "./0050-past-projects.ts";

/** In order; a line for each. A migration that was released is never changed. */
export const migrations: readonly Migration[] = [first, people, audit, signIn, retention, pastProjects];
