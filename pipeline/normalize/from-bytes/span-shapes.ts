import { mostKeys, type SpanCursor } from "@weir/otlp";
import type { LabelChunk, Labels } from "../../blocks/labels.ts";
import type { AttributeList } from "./attribute-list.ts";
import { type KeyPlan, planOf } from "./key-plans.ts";
import type { Section } from "./section.ts";

const slotCount = 512;

/** What all spans have in common that have the same keys in the same order, and resource and scope. */
export interface SpanShape {
  readonly section: Section;
  readonly keyIds: Int32Array;
  /** By attribute. */
  readonly plans: readonly KeyPlan[];
  /** A span of it is for `normalizeSpan`: by one of its keys, for a key that it has twice or shares with its section. */
  readonly isSlow: boolean;
  /** The attributes that `chunk` leaves out. */
  chunkWithout: Int32Array;
  /** The keys of the others and of the section as labels of the column; void once the column has begun anew. */
  chunk: LabelChunk | undefined;
}

/** Finds the shapes of a cursor's spans. Of fixed size: a shape takes the place of whichever had its slot. */
export class SpanShapes {
  readonly #cursor: SpanCursor;
  readonly #shapes = new Array<SpanShape | undefined>(slotCount).fill(undefined);
  /** By the number of the key. */
  #plans: (KeyPlan | undefined)[] = [];
  #generation = -1;
  readonly #seenIn = new Float64Array(mostKeys + 1);
  #madeCount = 0;

  constructor(cursor: SpanCursor) {
    this.#cursor = cursor;
  }

  /** To be called for each message: the cursor may have forgotten its keys. */
  begin(): void {
    const { generation } = this.#cursor.keys;
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#plans = [];
    this.#shapes.fill(undefined);
  }

  /** The shape of the cursor's span, which is of the section. */
  find(section: Section): SpanShape {
    const { keyIds, attributeCount } = this.#cursor;
    let hash = attributeCount;
    for (let index = 0; index < attributeCount; index++)
      hash = Math.imul(hash ^ (keyIds[index] as number), 0x0100_0193);
    const slot = (hash ^ (hash >>> 11)) & (slotCount - 1);
    const known = this.#shapes[slot];
    if (known !== undefined && known.section === section && isSame(known.keyIds, keyIds, attributeCount)) return known;
    const made = this.#make(section);
    this.#shapes[slot] = made;
    return made;
  }

  #make(section: Section): SpanShape {
    const keyIds = this.#cursor.keyIds.slice(0, this.#cursor.attributeCount);
    const plans: KeyPlan[] = [];
    const made = ++this.#madeCount;
    let isSlow = false;
    for (const id of keyIds) {
      const plan = this.#planOf(id);
      if (plan === undefined || plan.isSlow || this.#seenIn[id] === made || section.keys.has(plan.key)) {
        isSlow = true;
        break;
      }
      this.#seenIn[id] = made;
      plans.push(plan);
    }
    return { section, keyIds, plans, isSlow, chunkWithout: noIndexes, chunk: undefined };
  }

  #planOf(id: number): KeyPlan | undefined {
    if (id === 0) return undefined;
    const known = this.#plans[id];
    if (known !== undefined) return known;
    const plan = planOf(this.#cursor.keys.textOf(id));
    while (this.#plans.length <= id) this.#plans.push(undefined);
    this.#plans[id] = plan;
    return plan;
  }
}

function isSame(known: Int32Array, keyIds: Int32Array, count: number): boolean {
  if (known.length !== count) return false;
  for (let index = 0; index < count; index++) if (known[index] !== keyIds[index]) return false;
  return true;
}

const noIndexes = new Int32Array(0);

/** The keys of a shape's attributes but some, and of its section, as labels of the column. */
export function keyChunk(shape: SpanShape, without: AttributeList, column: Labels): LabelChunk {
  const { chunk } = shape;
  if (chunk?.generation === column.generation && without.equals(shape.chunkWithout)) return chunk;
  const left = without.copy();
  const own = shape.plans.filter((_, index) => !left.includes(index)).map(({ key }) => key);
  const made = column.chunkOf([...own, ...shape.section.keys]);
  shape.chunk = made;
  shape.chunkWithout = left;
  return made;
}
