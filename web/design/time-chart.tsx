import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { formatBucket } from "./chart-table.ts";
import { classes } from "./classes.ts";
import { resolveColour } from "./series-colour.ts";
import { useTheme } from "./theme.ts";
import { useWidth } from "./use-size.ts";

export interface ChartSeries {
  readonly name: string;
  /** A CSS value, variables included. */
  readonly colour: string;
  /** Aligned with the times; null where nothing was measured. */
  readonly values: readonly (number | null)[];
  readonly shape: "bars" | "line";
}

export interface TimeChartProps {
  /** Starts of the buckets, in epoch seconds. */
  readonly times: readonly number[];
  readonly bucketSeconds: number;
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Said by screen readers in place of the picture. */
  readonly label: string;
  readonly isStacked?: boolean;
  readonly height?: number;
  readonly onZoom: (fromSeconds: number, toSeconds: number) => void;
  /** A bucket was clicked. */
  readonly onPick: (index: number) => void;
}

interface Pointed {
  readonly index: number;
  readonly left: number;
}

/** A chart over time: shared cursor with the page's other charts, drag to zoom, click to open a bucket. */
export function TimeChart(props: TimeChartProps) {
  const { times, bucketSeconds, series, format, label, isStacked = false, height = 188 } = props;
  const holder = useRef<HTMLDivElement>(null);
  const width = useWidth(holder);
  const theme = useTheme();
  const [pointed, setPointed] = useState<Pointed>();
  const handlers = useRef(props);
  handlers.current = props;
  const data = useMemo(() => chartData(times, series, isStacked), [times, series, isStacked]);
  const plot = useRef<uPlot>(undefined);
  const shape = series.map(({ name, shape: kind, colour }) => `${name}|${kind}|${colour}`).join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: data goes in by setData below; theme changes the colours.
  useEffect(() => {
    const node = holder.current;
    if (node === null || width === 0) return;
    const options = chartOptions({ width, height, series, bucketSeconds, isStacked, handlers, setPointed });
    plot.current = new uPlot(options, data, node);
    return () => {
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [width, height, shape, theme, bucketSeconds, isStacked]);

  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <div ref={holder} role="img" aria-label={label} className="relative cursor-crosshair" style={{ height }}>
      {pointed !== undefined && times[pointed.index] !== undefined && (
        <ChartTip left={pointed.left} width={width}>
          <div className="mb-1 text-faint">{formatBucket(times[pointed.index] ?? 0, bucketSeconds)}</div>
          {series.map(({ name, colour, values }) => {
            const value = values[pointed.index];
            if (series.length > 4 && !value) return null;
            return (
              <TipRow
                key={name}
                name={name}
                colour={colour}
                text={value === null || value === undefined ? "—" : format(value)}
              />
            );
          })}
        </ChartTip>
      )}
    </div>
  );
}

export function ChartTip({ left, width, children }: { left: number; width: number; children: ReactNode }) {
  const onLeft = left > width / 2;
  return (
    <div
      className="num pointer-events-none absolute top-1 z-20 min-w-36 rounded-md border border-line-strong bg-raised px-2.5 py-1.5 text-xs shadow-raised"
      style={onLeft ? { right: width - left + 12 } : { left: left + 12 }}
    >
      {children}
    </div>
  );
}

export function TipRow({ name, colour, text }: { name: string; colour: string; text: string }) {
  return (
    <div className="flex items-center gap-2">
      <Swatch colour={colour} />
      <span className="max-w-44 min-w-0 flex-1 truncate text-muted">{name}</span>
      <span className="font-medium">{text}</span>
    </div>
  );
}

export function Swatch({ colour, className }: { colour: string; className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={classes("inline-block size-2 shrink-0 rounded-[2px]", className)}
      style={{ background: colour }}
    />
  );
}

/** What uPlot draws: stacked series become running sums, the highest first, so that lower ones paint over it. */
function chartData(times: readonly number[], series: readonly ChartSeries[], isStacked: boolean): uPlot.AlignedData {
  if (!isStacked) return [[...times], ...series.map(({ values }) => [...values])];
  const sums: (number | null)[][] = [];
  const running = new Array<number>(times.length).fill(0);
  for (const { values } of series) {
    values.forEach((value, index) => {
      running[index] = (running[index] ?? 0) + (value ?? 0);
    });
    sums.push([...running]);
  }
  return [[...times], ...sums.reverse()];
}

interface OptionsInput {
  width: number;
  height: number;
  series: readonly ChartSeries[];
  bucketSeconds: number;
  isStacked: boolean;
  handlers: { readonly current: TimeChartProps };
  setPointed: (pointed: Pointed | undefined) => void;
}

function chartOptions(input: OptionsInput): uPlot.Options {
  const { width, height, bucketSeconds, isStacked, handlers, setPointed } = input;
  const grid = { stroke: resolveColour("var(--line)"), width: 1 };
  const axis = {
    stroke: resolveColour("var(--faint)"),
    font: '11px "Inter Variable", sans-serif',
    grid,
    ticks: { show: false },
  };
  const drawn = isStacked ? [...input.series].reverse() : input.series;
  return {
    width,
    height,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, range: (_, min, max) => [min, max + bucketSeconds] },
      y: { range: (_, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 24, gap: 4, space: 72, values: timeTicks },
      {
        ...axis,
        size: 56,
        gap: 6,
        space: 34,
        values: (_, splits) => splits.map((value) => handlers.current.format(value)),
      },
    ],
    series: [{}, ...drawn.map((one) => seriesOptions(one))],
    cursor: {
      sync: { key: "weir" },
      drag: { x: true, y: false, setScale: false },
      points: {
        show: drawn.every(({ shape }) => shape === "line"),
        size: 6,
      },
      y: false,
    },
    hooks: {
      ready: [(plot) => listenForClicks(plot, handlers, setPointed)],
      setCursor: [(plot) => setPointed(pointedAt(plot))],
      setSelect: [
        (plot) => {
          const { left, width: dragged } = plot.select;
          if (dragged < 4) return;
          handlers.current.onZoom(plot.posToVal(left, "x"), plot.posToVal(left + dragged, "x"));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** The clock, and the day where it changes; the year is never in question. */
const timeTicks: uPlot.Axis.DynamicValues = (_, splits, __, space, increment) => {
  let lastDay = "";
  return splits.map((seconds) => {
    const at = new Date(seconds * 1000);
    const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    if (increment >= 86_400) return day;
    const clock = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    const isNewDay = lastDay !== "" && day !== lastDay && space > 0;
    lastDay = day;
    return isNewDay ? day : clock;
  });
};

function seriesOptions({ colour, shape }: ChartSeries): uPlot.Series {
  const stroke = resolveColour(colour);
  if (shape === "line")
    return { stroke, width: 1.5, points: { show: true, size: 4, fill: stroke, filter: lonely }, spanGaps: false };
  const paths = uPlot.paths.bars?.({ size: [0.78, 36], align: 1 });
  return { fill: stroke, stroke, width: 0, points: { show: false }, ...(paths === undefined ? {} : { paths }) };
}

/** Measurements without a neighbour: a line cannot show them, a point can. */
function lonely(plot: uPlot, seriesIndex: number): number[] {
  const values = plot.data[seriesIndex] ?? [];
  const isKnown = (index: number) => values[index] !== null && values[index] !== undefined;
  return [...values.keys()].filter((index) => isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1));
}

function pointedAt(plot: uPlot): Pointed | undefined {
  const { idx, left } = plot.cursor;
  // Cursors that follow another chart's show no tip: the pointer is not over this one.
  if (idx === null || idx === undefined || left === undefined || left < 0 || !plot.over.matches(":hover"))
    return undefined;
  return { index: idx, left: left + plot.over.offsetLeft };
}

function listenForClicks(
  plot: uPlot,
  handlers: { readonly current: TimeChartProps },
  setPointed: (pointed: undefined) => void,
): void {
  let downAt = 0;
  plot.over.addEventListener("mousedown", (event) => {
    downAt = event.clientX;
  });
  plot.over.addEventListener("mouseleave", () => setPointed(undefined));
  plot.over.addEventListener("click", (event) => {
    const index = plot.cursor.idx;
    if (Math.abs(event.clientX - downAt) < 4 && index !== null && index !== undefined) handlers.current.onPick(index);
  });
}
