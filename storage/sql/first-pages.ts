import type { SqlReader } from "./reader.ts";
import type { TimeRange } from "./time-range.ts";

/** The newest page that a list showed last. */
interface FirstPage {
  readonly rowCount: number;
  readonly oldestUnixNano: bigint;
  readonly toUnixNano: bigint;
}

/** Lists that are remembered of a store; of more, those that were asked longest ago are forgotten. */
const mostLists = 1000;
const pagesOfReaders = new WeakMap<SqlReader, Map<string, FirstPage>>();

/**
 * Since when there were, at the last asking, as many rows of this list as are wanted: among those and what came after
 * them a page is found, unless some are gone. Spans lie by ten minutes, and in these by conversation: where thousands
 * come in a second, the newest fifty would be looked for among millions. Undefined when that is not known.
 */
export function sinceFirstPage(
  reader: SqlReader,
  list: string,
  { fromUnixNano, toUnixNano }: TimeRange,
  wantedRows: number,
): bigint | undefined {
  const page = pagesOfReaders.get(reader)?.get(list);
  if (page === undefined || page.rowCount < wantedRows || toUnixNano < page.toUnixNano) return undefined;
  return page.oldestUnixNano > fromUnixNano ? page.oldestUnixNano : undefined;
}

/** Notes the newest page of a list, for `sinceFirstPage`. `list` names its project, its filter and what else it depends on. */
export function noteFirstPage(reader: SqlReader, list: string, page: FirstPage): void {
  const pages = pagesOfReaders.get(reader) ?? new Map<string, FirstPage>();
  pagesOfReaders.set(reader, pages);
  pages.delete(list);
  pages.set(list, page);
  if (pages.size <= mostLists) return;
  for (const oldest of pages.keys()) {
    pages.delete(oldest);
    break;
  }
}
