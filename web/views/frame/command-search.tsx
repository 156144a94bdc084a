import { useNavigate } from "@tanstack/react-router";
import { printFilter } from "@weir/query";
import { Command } from "cmdk";
import {
  Activity,
  CalendarClock,
  FolderKanban,
  ListTree,
  LogOut,
  Logs,
  type LucideIcon,
  Moon,
  Radio,
  Search,
  Sun,
  SunMoon,
} from "lucide-react";
import { useState } from "react";
import { presetNames, rangePresets } from "../../data/range.ts";
import { useScope, useSetRange, useSetSearch } from "../../data/scope.ts";
import { Dialog } from "../../design/dialog.tsx";
import { setTheme } from "../../design/theme.ts";
import { idsIn } from "./ids-in.ts";
import { pages } from "./pages.ts";
import { useSignOut } from "./top-bar.tsx";

function Item(props: { icon: LucideIcon; name: string; note?: string; value?: string; run: () => void }) {
  const { icon: Icon, name, note, run } = props;
  return (
    <Command.Item
      value={props.value ?? name}
      onSelect={run}
      className="flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 data-[selected=true]:bg-hover"
    >
      <Icon size={15} aria-hidden="true" className="text-muted" />
      <span className="min-w-0 flex-1 truncate">{name}</span>
      {note !== undefined && <span className="text-xs text-faint">{note}</span>}
    </Command.Item>
  );
}

function phraseFilter(text: string): string {
  return printFilter({ field: "text", op: "has", value: text });
}

const groupClass =
  "[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2.5 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-faint";

/** Goes to pages, opens calls and traces by their ids, and switches what the top bar switches. */
export function CommandSearch({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Search and commands" isBare>
      <Commands onClose={onClose} />
    </Dialog>
  );
}

function Commands({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const navigate = useNavigate();
  const then = (run: () => unknown) => () => {
    onClose();
    void run();
  };
  const trimmed = text.trim();
  return (
    <Command label="Search and commands" loop>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search size={16} aria-hidden="true" className="text-faint" />
        <Command.Input
          autoFocus
          value={text}
          onValueChange={setText}
          placeholder="Page, call id, trace id, text in a call…"
          className="h-12 flex-1 bg-transparent text-base outline-none placeholder:text-faint"
        />
      </div>
      <Command.List className="max-h-[52vh] overflow-auto p-1.5">
        {trimmed !== "" && (
          <Command.Group forceMount className={groupClass} heading="Open">
            {idsIn(trimmed).map(({ kind, id }) => (
              <Item
                key={id}
                icon={kind === "call" ? Activity : ListTree}
                name={`Open ${kind} ${id}`}
                value={`${trimmed} ${kind}`}
                run={then(() =>
                  kind === "call"
                    ? navigate({ to: "/calls/$id", params: { id } })
                    : navigate({ to: "/traces/$id", params: { id } }),
                )}
              />
            ))}
            <Item
              icon={Search}
              name={`Calls with “${trimmed}”`}
              value={`${trimmed} search`}
              run={then(() => navigate({ to: "/calls", search: { filter: phraseFilter(trimmed) } }))}
            />
            <Item
              icon={Logs}
              name={`Logs with “${trimmed}”`}
              value={`${trimmed} search logs`}
              run={then(() => navigate({ to: "/logs", search: { filter: phraseFilter(trimmed) } }))}
            />
          </Command.Group>
        )}
        <Command.Group className={groupClass} heading="Go to">
          {pages.map(({ to, name, icon, key }) => (
            <Item key={to} icon={icon} name={name} note={`g ${key}`} run={then(() => navigate({ to }))} />
          ))}
        </Command.Group>
        <Switches then={then} />
      </Command.List>
    </Command>
  );
}

function Switches({ then }: { then: (run: () => unknown) => () => void }) {
  const { projects, project, isLive } = useScope();
  const setRange = useSetRange();
  const setSearch = useSetSearch();
  const signOut = useSignOut();
  return (
    <>
      {projects.length > 1 && (
        <Command.Group className={groupClass} heading="Project">
          {projects.map(({ id, name }) => (
            <Item
              key={id}
              icon={FolderKanban}
              name={`Project ${name}`}
              {...(id === project ? { note: "shown" } : {})}
              run={then(() =>
                setSearch({ project: id === "default" ? undefined : id, call: undefined, log: undefined }),
              )}
            />
          ))}
        </Command.Group>
      )}
      <Command.Group className={groupClass} heading="Time range">
        {rangePresets.map((preset) => (
          <Item
            key={preset}
            icon={CalendarClock}
            name={presetNames[preset]}
            note={preset}
            run={then(() => setRange({ kind: "preset", preset }))}
          />
        ))}
      </Command.Group>
      <Command.Group className={groupClass} heading="Switch">
        <Item
          icon={Radio}
          name={isLive ? "Pause live" : "Resume live"}
          run={then(() => setSearch({ live: isLive ? "off" : undefined }))}
        />
        <Item icon={Sun} name="Light theme" run={then(() => setTheme("light"))} />
        <Item icon={Moon} name="Dark theme" run={then(() => setTheme("dark"))} />
        <Item icon={SunMoon} name="System theme" run={then(() => setTheme("system"))} />
        <Item icon={LogOut} name="Sign out" run={then(signOut)} />
      </Command.Group>
    </>
  );
}
