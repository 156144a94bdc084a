import type { CallDetail } from "@weir/api/contract";
import { formatInteger, formatPercent } from "../../design/format.ts";
import { Swatch } from "../../design/time-chart.tsx";
import { Known } from "../../design/unknown.tsx";
import { inputClasses, outputClasses, type UsageClass } from "./usage-classes.ts";
import { whyNoTokens } from "./why-unknown.ts";

const sources: Readonly<Record<string, string>> = {
  provider: "Counted by the provider.",
  estimated: "Estimated by Weir; the provider sent no usage.",
  reported: "Reported by the sender of the span.",
  none: "Nobody counted.",
};

/** Tokens by class. */
export function UsageView({ call }: { call: CallDetail }) {
  return (
    <div className="flex flex-col gap-3">
      <Side name="Input" total={call.input_tokens} parts={inputClasses(call)} why={whyNoTokens(call)} />
      <Side name="Output" total={call.output_tokens} parts={outputClasses(call)} why={whyNoTokens(call)} />
      <p className="text-xs text-faint">{sources[call.usage_source] ?? call.usage_source}</p>
    </div>
  );
}

function Side({
  name,
  total,
  parts,
  why,
}: {
  name: string;
  total: number | null;
  parts: readonly UsageClass[];
  why: string;
}) {
  const sum = parts.reduce((all, { count }) => all + count, 0);
  return (
    <div className="num">
      <div className="flex justify-between">
        <span className="text-muted">{name}</span>
        <span className="font-medium">
          <Known value={total} format={formatInteger} why={why} />
        </span>
      </div>
      {parts.length > 0 && (
        <>
          <div aria-hidden="true" className="mt-1 flex h-1.5 gap-px overflow-hidden rounded-full bg-sunken">
            {parts.map(({ name: part, count, colour }) => (
              <div key={part} style={{ width: `${(count / sum) * 100}%`, background: colour }} />
            ))}
          </div>
          <ul className="mt-1 flex flex-wrap gap-x-4 text-xs text-muted">
            {parts.map(({ name: part, count, colour }) => (
              <li key={part} className="inline-flex items-center gap-1.5">
                <Swatch colour={colour} />
                {part} {formatInteger(count)}
                {total !== null && total > 0 && parts.length > 1 && (
                  <span className="text-faint">{formatPercent(count / total)}</span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
