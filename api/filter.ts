/** Fields of a query string that say where, when and how much; the rest filters. */
const others = [
  "from",
  "to",
  "start_time",
  "end_time",
  "project_id",
  "organization_id",
  "limit",
  "cursor",
  "bucket_seconds",
  "of",
  "by",
] as const;
type Other = (typeof others)[number];

const otherNames = new Set<string>(others);

/** What of a checked query string narrows calls or traces. */
export function filterOf<Query extends object>(query: Query): Omit<Query, Other> {
  const fields = Object.entries(query).filter(([name, value]) => !otherNames.has(name) && value !== undefined);
  return Object.fromEntries(fields) as Omit<Query, Other>;
}
