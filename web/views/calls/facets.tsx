import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { type CallFilters, type FilterField, toggleFilter } from "../../data/page-search.ts";
import { breakdownQuery } from "../../data/queries.ts";
import { useScope, useSetSearch } from "../../data/scope.ts";
import { classes } from "../../design/classes.ts";
import { formatCount } from "../../design/format.ts";
import { seriesColour } from "../../design/series-colour.ts";
import { Skeleton } from "../../design/states.tsx";
import { statusOf } from "../../design/status.tsx";
import { Swatch } from "../../design/time-chart.tsx";
import { fieldNames } from "./search-line.ts";

const facets: { field: Exclude<FilterField, never>; isOpen: boolean }[] = [
  { field: "status", isOpen: true },
  { field: "model", isOpen: true },
  { field: "provider", isOpen: true },
  { field: "user_id", isOpen: true },
  { field: "session_id", isOpen: false },
  { field: "error_type", isOpen: false },
  { field: "service_name", isOpen: false },
  { field: "environment", isOpen: false },
  { field: "tag", isOpen: false },
];

/** The values of each field with how many calls have them; a click filters. */
export function Facets({ filters }: { filters: CallFilters }) {
  return (
    <div className="flex flex-col gap-1 p-2">
      {facets.map(({ field, isOpen }) => (
        <Facet key={field} field={field} filters={filters} opensAtFirst={isOpen || filters[field] !== undefined} />
      ))}
    </div>
  );
}

function Facet({ field, filters, opensAtFirst }: { field: FilterField; filters: CallFilters; opensAtFirst: boolean }) {
  const [isOpen, setOpen] = useState(opensAtFirst);
  const chosen = filters[field] ?? [];
  return (
    <section>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="flex h-7 w-full items-center gap-1 rounded px-1 text-xs font-medium text-muted hover:bg-hover"
      >
        <ChevronRight
          size={13}
          aria-hidden="true"
          className={classes("transition-transform duration-120", isOpen && "rotate-90")}
        />
        <span className="flex-1 text-left">{fieldNames[field]}</span>
        {chosen.length > 0 && (
          <span className="num rounded-full bg-accent-soft px-1.5 text-2xs text-accent-strong">{chosen.length}</span>
        )}
      </button>
      {isOpen && <FacetValues field={field} filters={filters} />}
    </section>
  );
}

function FacetValues({ field, filters }: { field: FilterField; filters: CallFilters }) {
  const { project, range } = useScope();
  const setSearch = useSetSearch();
  const { [field]: own, ...others } = filters;
  const query = useQuery(breakdownQuery({ project, range }, field, others, 10));
  if (query.data === undefined) {
    if (query.isError) return <p className="px-2 pb-2 text-xs text-faint">Could not be read ({query.error.message})</p>;
    return <Skeleton className="mx-2 mb-2 h-12" />;
  }
  const counted = query.data.data.filter(({ value }) => value !== "");
  const missing = (own ?? []).filter((value) => !counted.some((row) => row.value === value));
  const values = [...counted, ...missing.map((value) => ({ value, calls: 0 }))];
  const most = Math.max(1, ...values.map(({ calls }) => calls));
  if (values.length === 0) return <p className="px-5 pb-2 text-xs text-faint">none</p>;
  return (
    <ul className="pb-1">
      {values.map(({ value, calls }) => {
        const isChosen = own?.includes(value) === true;
        return (
          <li key={value}>
            <label className="group relative flex h-6 cursor-pointer items-center gap-2 rounded px-1 text-xs hover:bg-hover">
              <span
                aria-hidden="true"
                className="absolute inset-y-0.5 right-0 rounded-sm bg-accent-soft opacity-70"
                style={{ width: `${(calls / most) * 44}px` }}
              />
              <input
                type="checkbox"
                checked={isChosen}
                onChange={() => setSearch({ [field]: toggleFilter(own, value) })}
                className="size-3.5 shrink-0 accent-[var(--accent)]"
              />
              <FacetMark field={field} value={value} />
              <span className="relative min-w-0 flex-1 truncate" title={value}>
                {value}
              </span>
              <span className="num relative pr-1 text-faint">{formatCount(calls)}</span>
            </label>
          </li>
        );
      })}
    </ul>
  );
}

function FacetMark({ field, value }: { field: FilterField; value: string }) {
  if (field === "model" || field === "provider") return <Swatch colour={seriesColour(value)} />;
  if (field !== "status") return null;
  const { icon: Icon, tone } = statusOf(value);
  return <Icon size={12} aria-hidden="true" className={classes("shrink-0", tone)} />;
}
