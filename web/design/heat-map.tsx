import { type PointerEvent, useEffect, useRef, useState } from "react";
import { formatBucket } from "./chart-table.ts";
import { formatDuration, formatInteger } from "./format.ts";
import { resolveColour } from "./series-colour.ts";
import { useTheme } from "./theme.ts";
import { ChartTip, TipRow } from "./time-chart.tsx";
import { useWidth } from "./use-size.ts";
import { usedRows } from "./used-rows.ts";

export interface HeatMapProps {
  readonly times: readonly number[];
  readonly bucketSeconds: number;
  /** Lower bounds of the rows, rising. */
  readonly bounds: readonly number[];
  /** counts[column][row]. */
  readonly counts: readonly (readonly number[])[];
  readonly label: string;
  readonly height?: number;
  readonly onPick: (index: number) => void;
}

const axisWidth = 56;
const axisHeight = 22;

/** How many calls took how long, in time: darker is more. Rows that nothing fell in, above and below, are left out. */
export function HeatMap(props: HeatMapProps) {
  const { times, bucketSeconds, bounds, counts, label, height = 188, onPick } = props;
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(holder);
  const theme = useTheme();
  const [cell, setCell] = useState<{ column: number; row: number; left: number }>();
  const rows = usedRows(counts, bounds.length);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes the colours that are drawn.
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, props, rows, width, height);
  }, [props, width, height, theme, rows.first, rows.last]);

  const cellAt = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const left = event.clientX - box.left;
    const column = Math.floor(((left - axisWidth) / (width - axisWidth)) * times.length);
    const fromTop = Math.floor(((event.clientY - box.top) / (height - axisHeight)) * (rows.last - rows.first + 1));
    const row = rows.last - fromTop;
    return column < 0 || column >= times.length || row < rows.first || row > rows.last
      ? undefined
      : { column, row, left };
  };
  const count = cell === undefined ? 0 : (counts[cell.column]?.[cell.row] ?? 0);

  return (
    <div
      ref={holder}
      role="img"
      aria-label={label}
      className="relative cursor-crosshair"
      style={{ height }}
      onPointerMove={(event) => setCell(cellAt(event))}
      onPointerLeave={() => setCell(undefined)}
      onPointerUp={() => cell && onPick(cell.column)}
    >
      <canvas ref={canvas} className="absolute inset-0 size-full" />
      {cell !== undefined && (
        <ChartTip left={cell.left} width={width}>
          <div className="mb-1 text-faint">{formatBucket(times[cell.column] ?? 0, bucketSeconds)}</div>
          <TipRow
            name={`${formatDuration(bounds[cell.row] ?? 0)} – ${bounds[cell.row + 1] === undefined ? "…" : formatDuration(bounds[cell.row + 1] ?? 0)}`}
            colour="var(--accent)"
            text={formatInteger(count)}
          />
        </ChartTip>
      )}
    </div>
  );
}

function draw(
  canvas: HTMLCanvasElement,
  props: HeatMapProps,
  rows: { first: number; last: number },
  width: number,
  height: number,
): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  context.scale(scale, scale);
  const { times, counts, bounds } = props;
  const cellWidth = (width - axisWidth) / Math.max(1, times.length);
  const cellHeight = (height - axisHeight) / (rows.last - rows.first + 1);
  const most = Math.max(1, ...counts.flat());
  context.fillStyle = resolveColour("var(--accent)");
  counts.forEach((column, index) => {
    column.forEach((count, row) => {
      if (count === 0 || row < rows.first || row > rows.last) return;
      context.globalAlpha = 0.14 + 0.86 * Math.sqrt(count / most);
      const top = (rows.last - row) * cellHeight;
      context.fillRect(axisWidth + index * cellWidth, top, Math.max(1, cellWidth - 1), Math.max(1, cellHeight - 1));
    });
  });
  context.globalAlpha = 1;
  drawAxes(context, { times, bounds, rows, cellWidth, cellHeight, height });
}

interface Axes {
  times: readonly number[];
  bounds: readonly number[];
  rows: { first: number; last: number };
  cellWidth: number;
  cellHeight: number;
  height: number;
}

function drawAxes(
  context: CanvasRenderingContext2D,
  { times, bounds, rows, cellWidth, cellHeight, height }: Axes,
): void {
  context.fillStyle = resolveColour("var(--faint)");
  context.font = '11px "Inter Variable", sans-serif';
  context.textAlign = "right";
  context.textBaseline = "bottom";
  const every = Math.ceil(26 / cellHeight);
  for (let row = rows.first; row <= rows.last; row += every) {
    context.fillText(formatDuration(bounds[row] ?? 0), axisWidth - 8, (rows.last - row + 1) * cellHeight + 4);
  }
  context.textAlign = "left";
  const step = Math.ceil(90 / cellWidth);
  const isLong = (times.at(-1) ?? 0) - (times[0] ?? 0) > 2 * 86_400;
  for (let index = 0; index < times.length; index += step) {
    const at = new Date((times[index] ?? 0) * 1000);
    const text = isLong
      ? at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
      : at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    if (axisWidth + index * cellWidth + 40 < axisWidth + times.length * cellWidth) {
      context.fillText(text, axisWidth + index * cellWidth, height - 2);
    }
  }
}
