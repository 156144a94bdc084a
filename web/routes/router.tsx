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
  validateSearch: (
    raw: Record<string, unknown>,
  ): { token?: string; next?: string; failed?: string; organization?: string } =>
    texts(raw, ["token", "next", "failed", "organization"]),
  component: lazyRouteComponent(() => import("./sign-in.tsx"), "SignInPage"),
});

const tokenSearch = (raw: Record<string, unknown>): { token?: string } => texts(raw, ["token"]);

const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/invitation",
  validateSearch: tokenSearch,
  component: lazyRouteComponent(() => import("./invitation.tsx"), "InvitationPage"),
});

const resetPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/reset-password",
  validateSearch: tokenSearch,
  component: lazyRouteComponent(() => import("./reset-password.tsx"), "ResetPasswordPage"),
});

/** The parameters that were given. */
function texts(raw: Record<string, unknown>, names: readonly string[]): Record<string, string> {
  const given = names.map((name) => [name, oneOf(raw[name])] as const);
  return Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const frameRoute = createRoute({ getParentRoute: () => rootRoute, id: "frame", component: Frame });
const inFrame = { getParentRoute: () => frameRoute };

const detailSearch = (raw: Record<string, unknown>): { tab?: string; span?: string; view?: string } =>
  texts(raw, ["tab", "span", "view"]);

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
  createRoute({
    ...inFrame,
    path: "/settings/projects",
    component: lazyRouteComponent(() => import("./projects.tsx"), "ProjectsPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/settings/people",
    component: lazyRouteComponent(() => import("./people.tsx"), "PeoplePage"),
  }),
  createRoute({
    ...inFrame,
    path: "/settings/single-sign-on",
    component: lazyRouteComponent(() => import("./single-sign-on.tsx"), "SingleSignOnPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/settings/audit",
    component: lazyRouteComponent(() => import("./audit.tsx"), "AuditPage"),
  }),
  createRoute({
    ...inFrame,
    path: "/settings/account",
    component: lazyRouteComponent(() => import("./account.tsx"), "AccountPage"),
  }),
]);

export const router = createRouter({
  routeTree: rootRoute.addChildren([signInRoute, invitationRoute, resetPasswordRoute, frameTree]),
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
