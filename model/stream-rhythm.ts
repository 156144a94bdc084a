/** The attribute of a streamed call's row that holds its rhythm. */
export const streamGapsAttribute = "weir.stream.gaps";

/** Most gaps that are kept of one stream. */
export const mostKeptGaps = 256;

/** When the content of a stream came: the times between its chunks, in their order. */
export interface StreamRhythm {
  /** How many chunks came in each of the gaps; the last gap may hold fewer. 1 up to 256 gaps. */
  readonly chunksPerGap: number;
  /** In milliseconds, exact to a tenth of one. They add up to the time from the first content chunk to the last. */
  readonly gapsMs: readonly number[];
}

/**
 * The rhythm as text: `<chunks per gap>:<gap>,<gap>…` with gaps in tenths of a millisecond. `arrivalsMs` are the times
 * of every `chunksPerGap`-th content chunk and of the last one, rising. Empty for fewer than two.
 */
export function writeStreamRhythm(chunksPerGap: number, arrivalsMs: readonly number[]): string {
  const [first, ...later] = arrivalsMs;
  if (first === undefined || later.length === 0) return "";
  let before = 0;
  const gaps = later.map((arrivalMs) => {
    const tenths = Math.round((arrivalMs - first) * 10);
    const gap = tenths - before;
    before = tenths;
    return gap;
  });
  return `${chunksPerGap}:${gaps.join(",")}`;
}

/** Reads what `writeStreamRhythm` wrote; undefined for anything else. */
export function readStreamRhythm(text: string | undefined): StreamRhythm | undefined {
  if (text === undefined || !/^[1-9]\d{0,9}:\d{1,10}(,\d{1,10})*$/.test(text)) return undefined;
  const colon = text.indexOf(":");
  const gapsMs = text.slice(colon + 1).split(",");
  if (gapsMs.length > mostKeptGaps) return undefined;
  return { chunksPerGap: Number(text.slice(0, colon)), gapsMs: gapsMs.map((tenths) => Number(tenths) / 10) };
}
