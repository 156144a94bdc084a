import type { CallDetail } from "@weir/api/contract";
import { readStreamRhythm, streamGapsAttribute } from "@weir/model/browser";
import { useMemo } from "react";
import { formatDuration, formatInteger } from "../../design/format.ts";
import { rhythmMarks } from "./rhythm-marks.ts";

const widthUnits = 1000;
const heightUnits = 28;

/** When the content of a stream came: a mark for each chunk on the line of the call's time, the longest stall shaded. */
export function RhythmView({ call }: { call: CallDetail }) {
  const text = call.attributes[streamGapsAttribute];
  const rhythm = useMemo(() => readStreamRhythm(text), [text]);
  if (rhythm === undefined || call.ttft_ns === null) return null;
  const marks = rhythmMarks(rhythm, call.duration_ns, call.ttft_ns);
  const stallAt = marks.findIndex(({ isStall }) => isStall);
  const stall = marks[stallAt];
  const beforeStall = marks[stallAt - 1];
  const said = `Rhythm of the stream: ${formatInteger(call.chunk_count ?? marks.length)} content chunks${
    stall === undefined ? ", evenly" : `, the longest stall ${formatDuration(stall.gap_ns)}`
  }`;
  return (
    <figure className="mb-2" data-hint={said}>
      <svg
        role="img"
        aria-label={said}
        viewBox={`0 0 ${widthUnits} ${heightUnits}`}
        preserveAspectRatio="none"
        className="block h-7 w-full rounded bg-sunken"
      >
        {stall !== undefined && beforeStall !== undefined && (
          <rect
            x={beforeStall.at * widthUnits}
            width={Math.max(2, (stall.at - beforeStall.at) * widthUnits)}
            height={heightUnits}
            fill="var(--queue)"
            opacity={0.25}
          />
        )}
        <path
          d={marks.map(({ at }) => `M${(at * widthUnits).toFixed(1)} 4V${heightUnits - 4}`).join("")}
          stroke="var(--generation)"
          strokeWidth={1}
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <figcaption className="num mt-1 flex justify-between text-xs text-muted">
        <span>0</span>
        {rhythm.chunksPerGap > 1 && <span>{`each mark: ${formatInteger(rhythm.chunksPerGap)} chunks`}</span>}
        <span>{formatDuration(call.duration_ns)}</span>
      </figcaption>
    </figure>
  );
}
