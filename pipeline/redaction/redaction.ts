import type { ProjectId } from "@weir/model";
import type { BlockLayout } from "../blocks/block-layout.ts";
import type { ProjectRedaction, RedactionConfig } from "./config.ts";
import { personalSet, secretSet } from "./detectors/index.ts";
import { columnsOfConcern } from "./redact-block.ts";
import { type RedactionPolicy, Redactor } from "./redactor.ts";

/** What is taken out of whose rows. */
export class Redaction {
  /** What at least one project has taken out. */
  readonly #any: Redactor;
  readonly #usual: Redactor;
  readonly #byProject: ReadonlyMap<string, Redactor>;

  constructor(config: RedactionConfig) {
    const usual = policyOf(config);
    const own = Object.entries(config.projects).map(
      ([project, settings]) => [project, policyOf({ ...config, ...settings })] as const,
    );
    const policies = [usual, ...own.map(([, policy]) => policy)];
    this.#usual = new Redactor(usual);
    this.#byProject = new Map(own.map(([project, policy]) => [project, new Redactor(policy)]));
    this.#any = new Redactor({
      detectors: new Set(policies.flatMap(({ detectors }) => [...detectors])),
      patterns: policies.flatMap(({ patterns }) => patterns),
    });
  }

  /** A project's redactor. */
  of(project: ProjectId | undefined): Redactor {
    return (project === undefined ? undefined : this.#byProject.get(project)) ?? this.#usual;
  }

  /** The columns of a block that there may be something to take out of. */
  columnsOfConcern(layout: BlockLayout): ReadonlySet<string> {
    return columnsOfConcern(layout, this.#any);
  }

  /** Whether there may be something to take out of a text. */
  concerns(text: Buffer): boolean {
    return this.#any.lookInto(text).concerns(0, text.length, false);
  }
}

function policyOf({ secrets, personal, except, patterns }: ProjectRedaction): RedactionPolicy {
  const wanted = [
    ...(secrets === true ? secretSet : []),
    ...personalSet.filter(({ name }) => personal?.some((chosen) => chosen === "all" || chosen === name)),
  ];
  const detectors = wanted.map(({ name }) => name).filter((name) => !except?.includes(name));
  return { detectors: new Set(detectors), patterns: patterns ?? [] };
}
