import type { Rates } from "./cost-explanation.ts";

/**
 * Prices of sound and images that the price table lacks, or knows only the text of. A row is reviewed by hand against
 * its source; what has no row and no entry in the table has no price.
 */
export interface MediaPrice {
  /** Ids of the price table. */
  readonly provider: string;
  /** Exact names. */
  readonly models: readonly string[];
  /** Quality and size of images, as requests name them; absent where the price does not depend on them. */
  readonly variant?: string;
  readonly rates: Rates;
  readonly source: string;
  /** When the row was compared with its source. */
  readonly reviewed: string;
}

/** The set of rows in use, stored with each price that came from it. */
export const mediaPriceVersion = "weir-media 2026-11-21";

const models = "https://developers.openai.com/api/docs/models";

function openai(page: string, names: readonly string[], rates: Rates, variant?: string): MediaPrice {
  const row = { provider: "openai", models: names, rates, source: `${models}/${page}`, reviewed: "2026-11-21" };
  return variant === undefined ? row : { ...row, variant };
}

function images(model: string, usdByVariant: Readonly<Record<string, number>>): MediaPrice[] {
  return Object.entries(usdByVariant).map(([variant, usd]) =>
    openai(model, [model], { output_images_kcount: usd * 1000 }, variant),
  );
}

export const mediaPrices: readonly MediaPrice[] = [
  openai(
    "gpt-4o-audio-preview",
    ["gpt-4o-audio-preview", "gpt-4o-audio-preview-2024-12-17", "gpt-4o-audio-preview-2025-06-03"],
    { input_mtok: 2.5, input_audio_mtok: 40, output_mtok: 10, output_audio_mtok: 80 },
  ),
  openai("gpt-4o-mini-audio-preview", ["gpt-4o-mini-audio-preview", "gpt-4o-mini-audio-preview-2024-12-17"], {
    input_mtok: 0.15,
    input_audio_mtok: 10,
    output_mtok: 0.6,
    output_audio_mtok: 20,
  }),
  openai("tts-1", ["tts-1", "tts-1-1106"], { input_mchars: 15 }),
  openai("tts-1-hd", ["tts-1-hd", "tts-1-hd-1106"], { input_mchars: 30 }),
  ...images("dall-e-3", {
    "standard 1024x1024": 0.04,
    "standard 1024x1792": 0.08,
    "standard 1792x1024": 0.08,
    "hd 1024x1024": 0.08,
    "hd 1024x1792": 0.12,
    "hd 1792x1024": 0.12,
  }),
  ...images("dall-e-2", { "standard 256x256": 0.016, "standard 512x512": 0.018, "standard 1024x1024": 0.02 }),
];

/** Providers that bill a shorter sound as if it were so long. https://console.groq.com/docs/speech-to-text */
export const shortestBilledSeconds: Readonly<Record<string, number>> = { groq: 10 };

const rowsByModel = new Map<string, MediaPrice[]>();
for (const row of mediaPrices) {
  for (const model of row.models) rowsByModel.set(model, [...(rowsByModel.get(model) ?? []), row]);
}

/** The row of a model's price, for images in the quality and size that were asked for. */
export function mediaRow(model: string, variant: string, providerOf: () => string): MediaPrice | undefined {
  const rows = rowsByModel.get(model);
  if (rows === undefined) return undefined;
  const provider = providerOf();
  return rows.find((row) => row.provider === provider && (row.variant === undefined || row.variant === variant));
}
