import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import {
  keptSearch,
  type PageSearch,
  readCallsSearch,
  readLogsSearch,
  readPageSearch,
  readTraceSearch,
  readTracesSearch,
} from "../data/page-search.ts";
import { oneOf, parseSearch, stringifySearch } from "../data/url-search.ts";
import { HintLayer } from "../design/hint.tsx";
import { EmptyState, ErrorPanel } from "../design/states.tsx";
import { Frame } from "../views/frame/frame.tsx";

const rootRoute = createRootRoute({
  validateSearch: readPageSearch,
  search: {
    middlewares: [
      // Project, range and live follow from page to page; a link that names one of them, even as undefined, decides.
      ({ search, next }) => {
        const result: PageSearch = { ...next(search) };
        for (const key of keptSearch) if (!(key in result)) Object.assign(result, { [key]: search[key] });
        return result;
      },
    ],
  },
  component: () => (
    <>
      <Outlet />
      <HintLayer />
    </>
  ),
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (raw: Record<string, unknown>): { token?: string; next?: string } => {
    const token = oneOf(raw["token"]);
    const next = oneOf(raw["next"]);
    return { ...(token === undefined ? {} : { token }), ...(next === undefined ? {} : { next }) };
  },
  component: lazyRouteComponent(() => import("./sign-in.tsx"), "SignInPage"),
});

const frameRoute = createRoute({ getParentRoute: () => rootRoute, id: "frame", component: Frame });
const inFrame = { getParentRoute: () => frameRoute };

const detailSearch = (raw: Record<string, unknown>): { tab?: string; span?: string; view?: string } =>
  Object.fromEntries(
    ["tab", "span", "view"].map((key) => [key, oneOf(raw[key])] as const).filter(([, value]) => value !== undefined),
  );

const frameTree = frameRoute.addChildren([
  createRoute({
    ...inFrame,
    path: "/",
    component: lazyRouteComponent(() => import("./overview.tsx"), "OverviewPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/calls",
    validateSearch: readCallsSearch,
    component: lazyRouteComponent(() => import("./calls.tsx"), "CallsPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/calls/$id",
    validateSearch: detailSearch,
    component: lazyRouteComponent(() => import("./call.tsx"), "CallPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/traces",
    validateSearch: readTracesSearch,
    component: lazyRouteComponent(() => import("./traces.tsx"), "TracesPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/traces/$id",
    validateSearch: readTraceSearch,
    component: lazyRouteComponent(() => import("./trace.tsx"), "TracePage"),
  }),
  createRoute({
    ...inFrame,
    path: "/logs",
    validateSearch: readLogsSearch,
    component: lazyRouteComponent(() => import("./logs.tsx"), "LogsPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/settings/connect",
    component: lazyRouteComponent(() => import("./connect.tsx"), "ConnectPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/settings/keys",
    component: lazyRouteComponent(() => import("./keys.tsx"), "KeysPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/settings/providers",
    component: lazyRouteComponent(() => import("./providers.tsx"), "ProvidersPage"),
  }),
]);

export const router = createRouter({
  routeTree: rootRoute.addChildren([signInRoute, frameTree]),
  basepath: "/ui",
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultErrorComponent: ({ error, reset }) => <ErrorPanel error={error} what="This page failed." retry={reset} />,
  defaultNotFoundComponent: () => (
    <EmptyState title="There is no such page">
      <p className="text-muted">The address may be mistyped, or the page has moved.</p>
      <a href="/ui/" className="text-accent underline">
        To the overview
      </a>
    </EmptyState>
  ),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
