/** The rows to show: from the lowest to the highest in use. */
export function usedRows(counts: readonly (readonly number[])[], rowCount: number): { first: number; last: number } {
  let first = rowCount - 1;
  let last = 0;
  for (const column of counts) {
    column.forEach((count, row) => {
      if (count === 0) return;
      first = Math.min(first, row);
      last = Math.max(last, row);
    });
  }
  return first > last ? { first: 0, last: Math.max(0, rowCount - 1) } : { first, last };
}
