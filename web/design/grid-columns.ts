/** A column of a list; it is shown when the list is at least `from` pixels wide. */
export interface Column {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  /** In CSS grid terms. */
  readonly width: string;
  readonly isNumber: boolean;
  readonly from: number;
}

export function column(id: string, name: string, width: string, from: number, isNumber: boolean, hint: string): Column {
  return { id, name, width, from, isNumber, hint };
}

/** Narrower than this, a row takes two lines. */
export const twoLineWidth = 460;

/** The columns that fit. */
export function columnsFor(columns: readonly Column[], width: number): readonly Column[] {
  return columns.filter(({ from }) => width >= from);
}

export function gridTemplate(shown: readonly Column[]): string {
  return shown.map(({ width }) => width).join(" ");
}
