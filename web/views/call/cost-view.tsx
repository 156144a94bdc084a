import type { CallDetail } from "@weir/api/contract";
import { type CostLine, explainCost } from "@weir/model/browser";
import { exactUsd, formatInteger, formatUsd } from "../../design/format.ts";
import { Known } from "../../design/unknown.tsx";
import { whyNoCost } from "./why-unknown.ts";

const lineNames: Readonly<Record<CostLine["rate"], string>> = {
  input_mtok: "Input",
  input_audio_mtok: "Input audio",
  cache_read_mtok: "Cached input read",
  cache_audio_read_mtok: "Cached audio read",
  cache_write_mtok: "Cache write, 5 minutes",
  cache_write_1h_mtok: "Cache write, 1 hour",
  output_mtok: "Output",
  output_audio_mtok: "Output audio",
  output_reasoning_mtok: "Reasoning",
  requests_kcount: "Requests",
  input_image_mtok: "Input images",
  cache_image_read_mtok: "Cached images read",
  input_video_mtok: "Input video",
  output_image_mtok: "Output images",
  web_searches_kcount: "Web searches",
  storage_searches_kcount: "File searches",
  input_audio_hours: "Seconds of audio",
  input_mchars: "Characters",
  output_images_kcount: "Images",
};

const stateNotes = {
  explained: "",
  unpriced: "",
  without_rates: "This cost came without the rates that it was made of.",
  differs: "The lines do not add up to the recorded cost exactly; the recorded cost is what counts.",
} as const;

const sourceNames: Readonly<Record<string, string>> = {
  "genai-prices": "public price table",
  "weir-tiers": "Weir's table of service tiers",
  "weir-media": "Weir's table of sound and images",
  override: "your own prices",
  reported: "reported by the sender",
};

/** A line a token class: count × price = amount; where the price is from; what caching saved. */
export function CostView({ call }: { call: CallDetail }) {
  const rates = call.price_rates === null ? "" : JSON.stringify(call.price_rates);
  const { lines, cache_saved_nano_usd: saved, state } = explainCost({ ...call, price_rates: rates });
  if (call.cost_nano_usd === null) return <p className="text-muted">Cost unknown. {whyNoCost(call)}</p>;
  return (
    <div className="flex flex-col gap-2">
      <table className="num w-full">
        <caption className="sr-only">How the cost was made up</caption>
        <thead className="text-xs text-faint">
          <tr>
            <th scope="col" className="pb-1 text-left font-normal">
              Class
            </th>
            <th scope="col" className="pb-1 text-right font-normal">
              Count
            </th>
            <th scope="col" className="pb-1 text-right font-normal">
              × Price
            </th>
            <th scope="col" className="pb-1 text-right font-normal">
              = Amount
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.rate} className="border-t border-line">
              <th scope="row" className="h-7 text-left font-normal">
                {lineNames[line.rate]}
              </th>
              <td className="text-right">{formatInteger(line.count)}</td>
              <td className="text-right text-muted" data-hint={`$${line.rate_usd} for ${formatInteger(line.per)}`}>
                ${line.rate_usd}
                <span className="text-faint"> {line.per === 1_000_000 ? "/ M" : `/ ${formatInteger(line.per)}`}</span>
              </td>
              <td className="text-right">{exactUsd(line.amount_nano_usd)}</td>
            </tr>
          ))}
          <tr className="border-t border-line-strong font-medium">
            <th scope="row" colSpan={3} className="h-8 text-left font-medium">
              Total
            </th>
            <td className="text-right">
              <Known value={call.cost_nano_usd} format={exactUsd} why={whyNoCost(call)} />
            </td>
          </tr>
        </tbody>
      </table>
      {saved !== null && saved !== 0 && (
        <p
          className={
            saved > 0 ? "rounded bg-good-soft px-2 py-1 text-good" : "rounded bg-warn-soft px-2 py-1 text-warn"
          }
        >
          {saved > 0
            ? `Caching saved ${formatUsd(saved)} over plain input.`
            : `Writing the cache cost ${formatUsd(-saved)} more than it saved in this call.`}
        </p>
      )}
      {stateNotes[state] !== "" && <p className="text-xs text-warn">{stateNotes[state]}</p>}
      <p className="text-xs text-faint">
        {call.price_source === ""
          ? "No price source"
          : `Prices: ${sourceNames[call.price_source] ?? call.price_source}`}
        {call.price_version !== "" && `, ${call.price_version}`}
        {call.usage_source === "estimated" && ". The counts are estimated by Weir: the provider sent none."}
      </p>
    </div>
  );
}
