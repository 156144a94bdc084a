/** A span with more attributes is not written from its bytes. */
export const mostAttributes = 256;

/** Some of a span's attributes by their numbers, in their order. Emptied and filled for each span without making garbage. */
export class AttributeList {
  readonly #indexes = new Int32Array(mostAttributes);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  add(index: number): void {
    this.#indexes[this.count++] = index;
  }

  addAll(other: AttributeList): void {
    for (let place = 0; place < other.count; place++) this.add(other.at(place));
  }

  /** The attribute at a place below `count`. */
  at(place: number): number {
    return this.#indexes[place] as number;
  }

  equals(indexes: Int32Array): boolean {
    if (indexes.length !== this.count) return false;
    for (let place = 0; place < this.count; place++) if (indexes[place] !== this.#indexes[place]) return false;
    return true;
  }

  copy(): Int32Array {
    return this.#indexes.slice(0, this.count);
  }
}
