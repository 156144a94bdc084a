import { Link } from "@tanstack/react-router";
import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { classes } from "../../design/classes.ts";
import { pages } from "./pages.ts";
import { WeirMark } from "./weir-mark.tsx";

function RailLink({ page, isCollapsed }: { page: (typeof pages)[number]; isCollapsed: boolean }) {
  const Icon = page.icon;
  return (
    <Link
      to={page.to}
      activeOptions={{ exact: page.to === "/", includeSearch: false }}
      className={classes(
        "flex h-8 items-center gap-2.5 rounded-md text-muted hover:bg-hover hover:text-text data-[status=active]:bg-accent-soft data-[status=active]:font-medium data-[status=active]:text-accent-strong",
        isCollapsed ? "justify-center" : "px-2.5",
      )}
      data-hint={isCollapsed ? page.name : undefined}
    >
      <Icon size={16} aria-hidden="true" />
      <span className={isCollapsed ? "sr-only" : undefined}>{page.name}</span>
    </Link>
  );
}

/** The pages at the left; icons alone when collapsed. On narrow screens see TabBar. */
export function Rail({ isCollapsed, onToggle }: { isCollapsed: boolean; onToggle: () => void }) {
  const Toggle = isCollapsed ? PanelLeftOpen : PanelLeftClose;
  return (
    <nav
      aria-label="Pages"
      className={classes(
        "hidden shrink-0 flex-col gap-0.5 border-r border-line bg-panel p-2 md:flex",
        isCollapsed ? "w-[49px]" : "w-[196px]",
      )}
    >
      <Link
        to="/"
        className={classes("mb-3 flex h-8 items-center gap-2", isCollapsed ? "justify-center" : "px-1.5")}
        aria-label="Weir, overview"
      >
        <WeirMark />
        {!isCollapsed && <span className="text-base font-semibold tracking-tight">Weir</span>}
      </Link>
      {pages
        .filter(({ group }) => group === "observe")
        .map((page) => (
          <RailLink key={page.to} page={page} isCollapsed={isCollapsed} />
        ))}
      <div
        className={classes(
          "mt-4 mb-1 text-2xs font-medium text-faint",
          isCollapsed ? "border-t border-line" : "px-2.5",
        )}
      >
        {!isCollapsed && "Settings"}
      </div>
      {pages
        .filter(({ group }) => group === "settings")
        .map((page) => (
          <RailLink key={page.to} page={page} isCollapsed={isCollapsed} />
        ))}
      <button
        type="button"
        onClick={onToggle}
        aria-expanded={!isCollapsed}
        className={classes(
          "mt-auto flex h-8 items-center gap-2.5 rounded-md text-faint hover:bg-hover hover:text-text",
          isCollapsed ? "justify-center" : "px-2.5",
        )}
        data-hint={isCollapsed ? "Expand" : undefined}
      >
        <Toggle size={16} aria-hidden="true" />
        <span className={isCollapsed ? "sr-only" : undefined}>{isCollapsed ? "Expand the rail" : "Collapse"}</span>
      </button>
    </nav>
  );
}

/** The rail of narrow screens, at the bottom. */
export function TabBar() {
  const shown = pages.filter(
    ({ group, to }) => group === "observe" || to === "/settings/connect" || to === "/settings/keys",
  );
  return (
    <nav
      aria-label="Pages"
      className="flex shrink-0 justify-around border-t border-line bg-panel pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {shown.map(({ to, name, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          className="flex min-w-14 flex-col items-center gap-0.5 px-1 py-1.5 text-2xs text-muted data-[status=active]:text-accent"
        >
          <Icon size={18} aria-hidden="true" />
          {to === "/settings/connect" ? "Connect" : to === "/settings/keys" ? "Keys" : name}
        </Link>
      ))}
    </nav>
  );
}
