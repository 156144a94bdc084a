import type { Kysely } from "kysely";
import type { CatalogDatabase, Transacted } from "./database/database.ts";
import type { CatalogTables } from "./database/schema.ts";
import type { CatalogReader } from "./reading/reader.ts";
import { type Actor, type AuditFact, appendAudit } from "./records/audit.ts";
import type { KeyRing } from "./secrets/key-ring.ts";

/** What a change has at hand. */
export interface Change {
  readonly transaction: Transacted;
  readonly now: number;
  /** To be written with the change, in its transaction: there is no change without its entry, and no entry without it. */
  audit(fact: AuditFact): void;
}

export interface ContextParts {
  readonly database: CatalogDatabase;
  readonly reader: CatalogReader;
  /** Replaced when the master key is rotated. */
  keys: KeyRing;
  readonly now: () => number;
}

/** What the parts of the catalog stand on: the database, and in whose name it is changed. */
export class CatalogContext {
  readonly actor: Actor;
  readonly #parts: ContextParts;

  constructor(parts: ContextParts, actor: Actor) {
    this.#parts = parts;
    this.actor = actor;
  }

  actingAs(actor: Actor): CatalogContext {
    return new CatalogContext(this.#parts, actor);
  }

  get keys(): KeyRing {
    return this.#parts.keys;
  }

  now(): number {
    return this.#parts.now();
  }

  read<Result>(query: (connection: Kysely<CatalogTables>) => Promise<Result>): Promise<Result> {
    return this.#parts.database.read(query);
  }

  /** Writes what readers hold in memory, and waits until `current()` shows it. */
  async change<Result>(statements: (change: Change) => Promise<Result>): Promise<Result> {
    const { database, reader } = this.#parts;
    const result = await database.change((transaction) => this.#audited(transaction, statements));
    await reader.refresh();
    return result;
  }

  /** Writes what no reader holds. */
  write<Result>(statements: (change: Change) => Promise<Result>): Promise<Result> {
    return this.#parts.database.write((transaction) => this.#audited(transaction, statements));
  }

  async #audited<Result>(transaction: Transacted, statements: (change: Change) => Promise<Result>): Promise<Result> {
    const now = this.now();
    const facts: AuditFact[] = [];
    const result = await statements({ transaction, now, audit: (fact) => void facts.push(fact) });
    await appendAudit(transaction, this.actor, facts, now);
    return result;
  }
}
