import type { Attributes, InstrumentationScope, Span } from "@weir/otlp";
import { GrowingBytes } from "../../blocks/growing-bytes.ts";
import { textOf } from "../attribute-value.ts";
import { keptAttributes } from "../kept-attributes.ts";

/** What the spans of one resource and scope have in common. */
export interface Section {
  readonly serviceName: string;
  /** Of the resource; a span's own comes before it. */
  readonly environment: string;
  /** What is kept of resource and scope among the attributes of each span, unless it has a key of the same name. */
  readonly keys: ReadonlySet<string>;
  /** Their values as texts of a column, one behind the other. */
  readonly valueBytes: Uint8Array;
}

const mostSections = 256;

/** Finds the section of a resource and a scope: those that say the same have one, whichever export they come in. */
export class Sections {
  readonly #sections = new Map<string, Section>();
  #resource: Attributes | undefined;
  #scope: InstrumentationScope | undefined;
  #last: Section | undefined;

  find(resource: Attributes, scope: InstrumentationScope): Section {
    if (this.#last !== undefined && this.#resource === resource && this.#scope === scope) return this.#last;
    this.#resource = resource;
    this.#scope = scope;
    this.#last = this.#find(resource, scope);
    return this.#last;
  }

  #find(resource: Attributes, scope: InstrumentationScope): Section {
    const spanless = { attributes: {}, events: [], links: [], resource, scope } as unknown as Span;
    const kept = Object.entries(keptAttributes(spanless, new Set()));
    const serviceName = textOf(resource["service.name"]) ?? "";
    const environment =
      textOf(resource["deployment.environment.name"]) ?? textOf(resource["deployment.environment"]) ?? "";
    const name = JSON.stringify([serviceName, environment, kept]);
    const known = this.#sections.get(name);
    if (known !== undefined) return known;
    const keys = kept.map(([key]) => key);
    const values = kept.map(([, value]) => value);
    const section = { serviceName, environment, keys: new Set(keys), valueBytes: texts(values) };
    if (this.#sections.size === mostSections) this.#sections.clear();
    this.#sections.set(name, section);
    return section;
  }
}

function texts(list: readonly string[]): Uint8Array {
  const bytes = new GrowingBytes();
  for (const text of list) bytes.appendText(text);
  const copy = new Uint8Array(bytes.length);
  bytes.copyInto(copy, 0);
  return copy;
}
