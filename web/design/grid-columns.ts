/** A column of a list; it is shown when the list is at least `from` pixels wide, and all that are shown have room. */
export interface Column {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  /** In CSS grid terms: `80px`, or `minmax(140px, 3fr)`. */
  readonly width: string;
  readonly isNumber: boolean;
  readonly from: number;
}

export function column(id: string, name: string, width: string, from: number, isNumber: boolean, hint: string): Column {
  return { id, name, width, from, isNumber, hint };
}

/** Narrower than this, a row takes two lines. */
export const twoLineWidth = 460;

/** Between two columns, and at both sides of a row: `gap-x-3`, `px-3`. */
const gap = 12;
/** A thin one, where it takes room at all. */
const scrollbar = 12;

/** The columns that fit into a list of this width: those that are shown the latest go first. */
export function columnsFor(columns: readonly Column[], width: number): readonly Column[] {
  const shown = columns.filter(({ from }) => width >= from);
  while (leastWidth(shown) > width) {
    const latest = shown.reduce((one, other) => (other.from >= one.from ? other : one));
    if (latest.from === 0) break;
    shown.splice(shown.indexOf(latest), 1);
  }
  return shown;
}

/** What a list needs for its columns not to run over a row's end. */
export function leastWidth(columns: readonly Column[]): number {
  return columns.reduce(
    (sum, { width }) => sum + gap + Number.parseFloat(width.replace("minmax(", "")),
    gap + scrollbar,
  );
}

export function gridTemplate(shown: readonly Column[]): string {
  return shown.map(({ width }) => width).join(" ");
}
