/** A small line without axes; the figure beside it says the number. Gaps are where nothing was measured. */
export function Sparkline({
  values,
  colour = "var(--accent)",
}: {
  values: readonly (number | null)[];
  colour?: string;
}) {
  const width = 120;
  const height = 28;
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return <svg className="h-7 w-full" aria-hidden="true" />;
  const top = Math.max(...known);
  const x = (index: number) => (index / Math.max(1, values.length - 1)) * width;
  const y = (value: number) => height - 2 - (top === 0 ? 0 : (value / top) * (height - 4));
  const lines = segments(values).map((segment) =>
    segment.map(([index, value]) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`),
  );
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" className="h-7 w-full" aria-hidden="true">
      {lines.map((points) => (
        <polyline
          key={points[0]}
          points={points.length === 1 ? `${points[0]} ${points[0]}` : points.join(" ")}
          fill="none"
          stroke={colour}
          strokeWidth="1.5"
          strokeLinejoin="round"
          strokeLinecap="round"
          vectorEffect="non-scaling-stroke"
        />
      ))}
    </svg>
  );
}

function segments(values: readonly (number | null)[]): [number, number][][] {
  const all: [number, number][][] = [];
  let current: [number, number][] = [];
  values.forEach((value, index) => {
    if (value !== null) current.push([index, value]);
    else if (current.length > 0) {
      all.push(current);
      current = [];
    }
  });
  return current.length > 0 ? [...all, current] : all;
}
