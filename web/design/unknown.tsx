import type { ReactNode } from "react";

/** A value that is not known: never 0, always with the reason. */
export function Unknown({ why }: { why: string }) {
  return (
    <span className="text-faint" data-hint={why}>
      <span aria-hidden="true">—</span>
      <span className="sr-only">unknown: {why}</span>
    </span>
  );
}

/** The formatted value with its exact form on hover, or `—` with the reason. */
export function Known<Value extends string | number>(props: {
  value: Value | null | undefined;
  format: (value: Value) => string;
  exact?: (value: Value) => string;
  why: string;
  className?: string;
}): ReactNode {
  const { value, format, exact, why, className } = props;
  if (value === null || value === undefined || value === "") return <Unknown why={why} />;
  return (
    <span className={className} data-hint={exact?.(value)}>
      {format(value)}
    </span>
  );
}
