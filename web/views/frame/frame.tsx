import { useQuery } from "@tanstack/react-query";
import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import type { Me } from "@weir/api/contract";
import { useEffect, useMemo, useState } from "react";
import { ApiError } from "../../data/client.ts";
import { useLiveConnection } from "../../data/live.ts";
import { meQuery } from "../../data/queries.ts";
import { readRange } from "../../data/range.ts";
import { chooseProject, ScopeContext, useRawSearch } from "../../data/scope.ts";
import { isTyping } from "../../design/keyboard.ts";
import { ErrorPanel } from "../../design/states.tsx";
import { readPreference, writePreference } from "../../design/theme.ts";
import { CommandSearch } from "./command-search.tsx";
import { pages } from "./pages.ts";
import { Rail, TabBar } from "./rail.tsx";
import { TopBar } from "./top-bar.tsx";

/** Everything around a page, once it is known who looks. */
export function Frame() {
  const me = useQuery(meQuery);
  if (me.isError && me.error instanceof ApiError && me.error.status === 401) {
    return <ToSignIn />;
  }
  if (me.isError && me.data === undefined) {
    return <ErrorPanel error={me.error} what="Weir's API cannot be reached." retry={() => void me.refetch()} />;
  }
  return me.data === undefined ? null : <SignedInFrame me={me.data} />;
}

/** Leads to the sign-in page, once, with the page to come back to. */
function ToSignIn() {
  const navigate = useNavigate();
  const { href } = useLocation();
  const [next] = useState(href);
  useEffect(() => void navigate({ to: "/sign-in", search: { next }, replace: true }), [navigate, next]);
  return null;
}

function SignedInFrame({ me }: { me: Me }) {
  const search = useRawSearch();
  const { range: preset, from, to } = search;
  const project = chooseProject(me.projects, search.project);
  const isLive = search.live !== "off";
  const scope = useMemo(
    () => ({ me, projects: me.projects, project, range: readRange({ range: preset, from, to }), isLive }),
    [me, project, preset, from, to, isLive],
  );
  const [isCollapsed, setCollapsed] = useState(readPreference("weir.rail") === "collapsed");
  const [isSearching, setSearching] = useState(false);
  const toggleRail = () => {
    writePreference("weir.rail", isCollapsed ? "open" : "collapsed");
    setCollapsed(!isCollapsed);
  };
  useLiveConnection(project, isLive && scope.range.kind === "preset");
  useFrameKeys(() => setSearching((open) => !open));
  return (
    <ScopeContext value={scope}>
      <a
        href="#page"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded focus:bg-panel focus:p-2"
      >
        Skip to the page
      </a>
      <div className="flex h-full">
        <Rail isCollapsed={isCollapsed} onToggle={toggleRail} />
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar onSearch={() => setSearching(true)} />
          <main id="page" tabIndex={-1} className="relative min-h-0 flex-1 outline-none">
            <Outlet />
          </main>
          <TabBar />
        </div>
      </div>
      <CommandSearch isOpen={isSearching} onClose={() => setSearching(false)} />
    </ScopeContext>
  );
}

/** ⌘K opens the command search; `g` and a letter goes to a page. */
function useFrameKeys(toggleSearch: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let goUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        toggleSearch();
      }
      if (isTyping(event)) return;
      const page = performance.now() < goUntil ? pages.find(({ key }) => key === event.key) : undefined;
      goUntil = event.key === "g" ? performance.now() + 1200 : 0;
      if (page === undefined) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void navigate({ to: page.to });
    };
    addEventListener("keydown", onKey, true);
    return () => removeEventListener("keydown", onKey, true);
  }, [navigate, toggleSearch]);
}
