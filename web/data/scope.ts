import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Me, Project } from "@weir/api/contract";
import { createContext, useCallback, useContext } from "react";
import type { PageSearch } from "./page-search.ts";
import type { Scope } from "./queries.ts";
import { type RangeSpec, writeRange } from "./range.ts";

/** What the frame knows and every page inside it needs. */
export interface PageScope extends Scope {
  readonly projects: readonly Project[];
  readonly me: Me;
  readonly isLive: boolean;
}

export const ScopeContext = createContext<PageScope | undefined>(undefined);

export function useScope(): PageScope {
  const scope = useContext(ScopeContext);
  if (scope === undefined) throw new Error("useScope is for pages inside the frame");
  return scope;
}

/** The project that the URL names, or the default one. */
export function chooseProject(projects: readonly Project[], wanted: string | undefined): string {
  const known = (id: string) => projects.some((project) => project.id === id);
  if (wanted !== undefined && (known(wanted) || projects.length === 0)) return wanted;
  return known("default") ? "default" : (projects[0]?.id ?? "default");
}

/** Changes parameters of the URL and leaves the rest. `undefined` takes a parameter away. */
export function useSetSearch(): (patch: Record<string, unknown>, options?: { replace?: boolean }) => void {
  const navigate = useNavigate();
  return useCallback(
    (patch, options = {}) =>
      void navigate({
        to: ".",
        search: ((current: PageSearch) => ({ ...current, ...patch })) as never,
        replace: options.replace ?? false,
      }),
    [navigate],
  );
}

export function useSetRange(): (range: RangeSpec) => void {
  const setSearch = useSetSearch();
  return useCallback((range) => setSearch({ ...writeRange(range) }), [setSearch]);
}

/** The raw parameters of the page that is shown. */
export function useRawSearch(): PageSearch & Record<string, unknown> {
  return useSearch({ strict: false }) as PageSearch & Record<string, unknown>;
}
