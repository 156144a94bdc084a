import type { AnyValue, Attributes } from "./span.ts";

/** What makes the attributes of a span whose keys are of this sequence. */
type Make = (values: ValueSource) => Attributes;

export interface ValueSource {
  valueOf(index: number): AnyValue;
}

interface Shape {
  readonly keyIds: Int32Array;
  readonly make: Make;
}

const slotCount = 1024;
const mostAttributes = 64;
/** A sequence that comes this often is worth a function of its own. */
const worthwhile = 8;

/**
 * Most spans of one instrumentation have the same keys in the same order. For such a sequence a function is written
 * out that makes the whole object at once, which takes a third of setting key by key. Of fixed size: a sequence
 * takes the place of whichever had its slot, and a sequence that does not repeat never gets one.
 */
export class AttributeShapes {
  readonly #shapes = new Array<Shape | undefined>(slotCount);
  readonly #counts = new Uint8Array(slotCount);

  /** The attributes, when the sequence of keys is a frequent one; else undefined. */
  make(
    keyIds: Int32Array,
    count: number,
    keyOf: (index: number) => string,
    values: ValueSource,
  ): Attributes | undefined {
    if (count === 0 || count > mostAttributes) return undefined;
    let hash = count;
    for (let index = 0; index < count; index++) hash = Math.imul(hash ^ (keyIds[index] as number), 0x0100_0193);
    const slot = (hash ^ (hash >>> 13)) & (slotCount - 1);
    const shape = this.#shapes[slot];
    if (shape !== undefined && isSame(shape.keyIds, keyIds, count)) return shape.make(values);
    const seen = (this.#counts[slot] as number) + 1;
    if (seen < worthwhile) {
      this.#counts[slot] = seen;
      return undefined;
    }
    this.#counts[slot] = 0;
    const fresh = shapeOf(keyIds.slice(0, count), keyOf);
    this.#shapes[slot] = fresh;
    return fresh?.make(values);
  }

  /** For when the keys' numbers are given anew. */
  clear(): void {
    this.#shapes.fill(undefined);
    this.#counts.fill(0);
  }
}

function isSame(known: Int32Array, keyIds: Int32Array, count: number): boolean {
  if (known.length !== count) return false;
  for (let index = 0; index < count; index++) if (known[index] !== keyIds[index]) return false;
  return true;
}

function shapeOf(keyIds: Int32Array, keyOf: (index: number) => string): Shape | undefined {
  const fields: string[] = [];
  for (const [index, id] of keyIds.entries()) {
    const key = keyOf(index);
    if (id === 0 || key === "__proto__") return undefined;
    fields.push(`${JSON.stringify(key)}: values.valueOf(${index})`);
  }
  return { keyIds, make: new Function("values", `return { ${fields.join(", ")} };`) as Make };
}
