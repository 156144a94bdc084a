import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { BookOpen, ChevronDown, CircleUser, FolderKanban, LogOut, Monitor, Moon, Search, Sun } from "lucide-react";
import { ask } from "../../data/client.ts";
import { meQuery } from "../../data/queries.ts";
import { useScope, useSetSearch } from "../../data/scope.ts";
import { buttonClass } from "../../design/button.tsx";
import { classes } from "../../design/classes.ts";
import { Menu, MenuItem, MenuSeparator } from "../../design/menu.tsx";
import { setTheme, useThemeChoice } from "../../design/theme.ts";
import { LiveSwitch } from "./live-switch.tsx";
import { RangePicker } from "./range-picker.tsx";

export const commandKey = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";

export function TopBar({ onSearch }: { onSearch: () => void }) {
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-panel px-2 sm:px-3">
      <ProjectSwitcher />
      <button
        type="button"
        onClick={onSearch}
        aria-label={`Go to, open by id… ${commandKey}`}
        className={classes(
          buttonClass("plain"),
          "text-faint max-lg:w-8 max-lg:justify-center max-lg:px-0 lg:w-60 lg:bg-sunken",
        )}
      >
        <Search size={14} aria-hidden="true" />
        <span className="flex-1 text-left max-lg:hidden">Go to, open by id…</span>
        <kbd className="rounded border border-line-strong px-1 font-sans text-2xs max-lg:hidden">{commandKey}</kbd>
      </button>
      <div className="flex-1" />
      <LiveSwitch />
      <RangePicker />
      <AccountMenu />
    </header>
  );
}

function ProjectSwitcher() {
  const { project, projects } = useScope();
  const setSearch = useSetSearch();
  const current = projects.find(({ id }) => id === project);
  return (
    <Menu
      trigger={
        <button
          type="button"
          className={classes(buttonClass("quiet"), "min-w-0 px-2 text-text")}
          aria-label={`Project: ${current?.name ?? project}`}
        >
          <FolderKanban size={14} aria-hidden="true" className="text-muted" />
          <span className="max-w-28 truncate font-medium sm:max-w-44">{current?.name ?? project}</span>
          <ChevronDown size={14} aria-hidden="true" className="text-faint" />
        </button>
      }
    >
      {projects.map(({ id, name }) => (
        <MenuItem
          key={id}
          isChecked={id === project}
          note={id === name ? undefined : id}
          onSelect={() => setSearch({ project: id === "default" ? undefined : id, call: undefined, log: undefined })}
        >
          {name}
        </MenuItem>
      ))}
    </Menu>
  );
}

const themes = [
  { choice: "system", name: "System theme", icon: Monitor },
  { choice: "light", name: "Light", icon: Sun },
  { choice: "dark", name: "Dark", icon: Moon },
] as const;

export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    await ask("/api/v1/auth/logout", { method: "POST" });
    client.clear();
    await client.prefetchQuery(meQuery);
    await navigate({ to: "/sign-in" });
  };
}

function AccountMenu() {
  const { me } = useScope();
  const theme = useThemeChoice();
  const signOut = useSignOut();
  return (
    <Menu
      align="end"
      trigger={
        <button type="button" className={buttonClass("quiet", "icon")} aria-label="Account and theme">
          <CircleUser size={18} aria-hidden="true" />
        </button>
      }
    >
      <div className="px-2 py-1.5">
        <div className="font-medium">{me.user?.email ?? me.key?.name ?? "This machine"}</div>
        <div className="text-xs text-faint">{me.user === null ? "Signed in without an account" : "Signed in"}</div>
      </div>
      <MenuSeparator />
      {themes.map(({ choice, name, icon: Icon }) => (
        <MenuItem
          key={choice}
          isChecked={theme === choice}
          onSelect={() => setTheme(choice)}
          icon={<Icon size={14} aria-hidden="true" className="text-muted" />}
        >
          {name}
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuItem
        icon={<BookOpen size={14} aria-hidden="true" className="text-muted" />}
        onSelect={() => location.assign("/docs")}
      >
        API reference
      </MenuItem>
      <MenuItem icon={<LogOut size={14} aria-hidden="true" className="text-muted" />} onSelect={() => void signOut()}>
        Sign out
      </MenuItem>
    </Menu>
  );
}
