/** A URL's query as plain texts: `?model=a&model=b&q=x` is `{ model: ["a", "b"], q: "x" }`. */
export type RawSearch = Record<string, string | string[]>;

export function parseSearch(query: string): RawSearch {
  const search: RawSearch = {};
  for (const [key, value] of new URLSearchParams(query)) {
    const known = search[key];
    search[key] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value];
  }
  return search;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") params.append(key, String(one));
    }
  }
  const query = params.toString().replaceAll("%3A", ":").replaceAll("%2F", "/");
  return query === "" ? "" : `?${query}`;
}

/** The one text of a parameter. */
export function oneOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" && first !== "" ? first : undefined;
}

/** All texts of a parameter; undefined without any. */
export function manyOf(value: unknown): string[] | undefined {
  const all = (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string");
  return all.length === 0 ? undefined : all;
}
