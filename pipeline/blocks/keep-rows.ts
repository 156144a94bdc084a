import { encodedVaruint } from "./block-edits.ts";
import type { BlockColumn, BlockLayout, TextPlaces } from "./block-layout.ts";

/** A block of some rows of another, in their order. `kept` are their numbers, rising. */
export function keepRows({ bytes, columns }: BlockLayout, kept: readonly number[]): Buffer {
  const parts: Uint8Array[] = [encodedVaruint(columns.length), encodedVaruint(kept.length)];
  for (const column of columns) {
    parts.push(bytes.subarray(column.headingFrom, column.dataFrom));
    addColumn(parts, bytes, column, kept);
  }
  return Buffer.concat(parts);
}

function addColumn(parts: Uint8Array[], bytes: Buffer, column: BlockColumn, kept: readonly number[]): void {
  const take = (from: number, to: number) => parts.push(bytes.subarray(from, to));
  switch (column.kind) {
    case "fixed": {
      const { nullsFrom, valuesFrom, width } = column;
      if (nullsFrom !== undefined) for (const row of kept) take(nullsFrom + row, nullsFrom + row + 1);
      for (const row of kept) take(valuesFrom + row * width, valuesFrom + (row + 1) * width);
      return;
    }
    case "text":
      for (const row of kept) takeTexts(take, column.texts, column.dataFrom, row, row + 1);
      return;
    default: {
      const { ends, dataFrom } = column;
      parts.push(keptEnds(ends, kept));
      const elementsFrom = dataFrom + ends.length * 8;
      const eachRow = (add: (first: number, end: number) => void) => {
        for (const row of kept) add(row === 0 ? 0 : (ends[row - 1] as number), ends[row] as number);
      };
      if (column.kind === "list") {
        eachRow((first, end) => take(elementsFrom + first * column.width, elementsFrom + end * column.width));
      } else if (column.kind === "texts") {
        eachRow((first, end) => takeTexts(take, column.texts, elementsFrom, first, end));
      } else {
        eachRow((first, end) => takeTexts(take, column.keys, elementsFrom, first, end));
        const valuesFrom = column.keys.to.at(-1) ?? elementsFrom;
        eachRow((first, end) => takeTexts(take, column.values, valuesFrom, first, end));
      }
    }
  }
}

/** The texts from `first` up to `end`, each with its length before it. `dataFrom` is where the first of all begins. */
function takeTexts(
  take: (from: number, to: number) => void,
  { to }: TextPlaces,
  dataFrom: number,
  first: number,
  end: number,
): void {
  if (first === end) return;
  take(first === 0 ? dataFrom : (to[first - 1] as number), to[end - 1] as number);
}

function keptEnds(ends: Uint32Array, kept: readonly number[]): Buffer {
  const bytes = Buffer.alloc(kept.length * 8);
  let count = 0;
  for (const [index, row] of kept.entries()) {
    count += (ends[row] as number) - (row === 0 ? 0 : (ends[row - 1] as number));
    bytes.writeUInt32LE(count, index * 8);
  }
  return bytes;
}
