import { useQuery } from "@tanstack/react-query";
import { typingAtEnd } from "@weir/query";
import { Search, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { type CallFilters, filterFields } from "../../data/page-search.ts";
import { breakdownQuery } from "../../data/queries.ts";
import { useScope } from "../../data/scope.ts";
import { classes } from "../../design/classes.ts";
import { isTyping } from "../../design/keyboard.ts";
import {
  type Completion,
  completions,
  fieldNames,
  type LineProblem,
  type ListFields,
  listedField,
  problemOf,
} from "./search-line.ts";

interface SearchBoxProps {
  readonly filters: CallFilters;
  readonly onChange: (filters: CallFilters) => void;
  readonly placeholder: string;
  /** The fields that complete the line, where not all can be searched. */
  readonly fields?: ListFields;
}

/** One line for a filter in text form, with completion and, below it, what is wrong. `/` leads to it. */
export function SearchBox({ filters, onChange, placeholder, fields }: SearchBoxProps) {
  const applied = filters.filter ?? "";
  const [line, setLine] = useState(applied);
  const [refused, setRefused] = useState<string>();
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const listId = useId();
  useEffect(() => setLine(applied), [applied]);
  useSlashKey(() => input.current?.focus());
  const options = useCompletions(line, isOpen, fields);
  // While a line is being written it is not yet wrong: what was refused is, and what the address holds.
  const problem = line === refused || line === applied ? problemOf(line) : undefined;

  const apply = (text: string) => {
    const whole = text.trim();
    setLine(whole);
    setOpen(false);
    setChosen(-1);
    if (problemOf(whole) !== undefined) return setRefused(whole);
    onChange({ ...filters, filter: whole === "" ? undefined : whole });
  };
  const take = (index: number) => {
    const option = options[index];
    if (option === undefined) return apply(line);
    if (option.isWhole) return apply(option.line);
    setLine(option.line);
    setChosen(-1);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setChosen(Math.min(chosen + 1, options.length - 1));
    else if (event.key === "ArrowUp") setChosen(Math.max(chosen - 1, -1));
    else if (event.key === "Tab" && isOpen && options.length > 0 && line !== "") take(Math.max(chosen, 0));
    else if (event.key === "Enter") take(chosen);
    else if (event.key === "Escape" && isOpen && line !== "") setOpen(false);
    else if (event.key === "Escape") input.current?.blur();
    else return;
    event.preventDefault();
  };
  const isListed = isOpen && options.length > 0;
  return (
    <div className="relative min-w-0 flex-1">
      <Search size={14} aria-hidden="true" className="pointer-events-none absolute top-2 left-2.5 text-faint" />
      <input
        ref={input}
        role="combobox"
        aria-label="Search"
        aria-expanded={isListed}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={isListed && chosen >= 0 ? `${listId}-${chosen}` : undefined}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `${listId}-problem`}
        autoComplete="off"
        spellCheck={false}
        value={line}
        placeholder={placeholder}
        onChange={(event) => {
          setLine(event.target.value);
          setOpen(true);
          setChosen(-1);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
        className={classes(
          "h-8 w-full rounded-md border bg-panel pr-8 pl-8 placeholder:text-faint focus-visible:outline-offset-0",
          problem === undefined ? "border-line-strong" : "border-bad",
        )}
      />
      {line !== "" && (
        <button
          type="button"
          aria-label="Clear the text"
          onClick={() => apply("")}
          className="absolute top-1 right-1 flex size-6 items-center justify-center rounded text-faint hover:bg-hover"
        >
          <X size={13} aria-hidden="true" />
        </button>
      )}
      {problem !== undefined && <Problem id={`${listId}-problem`} problem={problem} onCorrect={apply} />}
      {isListed && <CompletionList id={listId} options={options} chosen={chosen} onTake={take} />}
    </div>
  );
}

interface ProblemProps {
  readonly id: string;
  readonly problem: LineProblem;
  readonly onCorrect: (line: string) => void;
}

/** What is wrong with the line, and the line that was probably meant. */
function Problem({ id, problem: { message, corrected }, onCorrect }: ProblemProps) {
  return (
    <p id={id} role="alert" className="flex flex-wrap items-center gap-x-2 px-1 pt-1 text-xs text-bad">
      {message}
      {corrected !== undefined && (
        <button type="button" className="font-mono underline" onClick={() => onCorrect(corrected)}>
          {corrected}
        </button>
      )}
    </p>
  );
}

interface CompletionListProps {
  readonly id: string;
  readonly options: readonly Completion[];
  /** The index of the one that the keys chose; -1 for none. */
  readonly chosen: number;
  readonly onTake: (index: number) => void;
}

function CompletionList({ id, options, chosen, onTake }: CompletionListProps) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label="Completions"
      className="pop-in absolute top-9 left-0 z-30 w-full max-w-lg rounded-lg border border-line-strong bg-raised p-1 shadow-raised"
    >
      {options.map(({ line, word, note }, index) => (
        <div
          key={line}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === chosen}
          onPointerDown={(event) => {
            event.preventDefault();
            onTake(index);
          }}
          className={classes(
            "flex h-7 cursor-pointer items-center gap-3 rounded px-2",
            index === chosen ? "bg-hover" : "hover:bg-hover",
          )}
        >
          <span className="min-w-0 flex-1 truncate font-mono text-xs">{word}</span>
          <span className="num max-w-72 truncate text-xs text-faint">{note}</span>
        </div>
      ))}
    </div>
  );
}

function useCompletions(line: string, isOpen: boolean, fields: ListFields | undefined) {
  const { project, range } = useScope();
  // Values are those of calls.
  const field = fields === undefined ? listedField(typingAtEnd(line)) : undefined;
  const values = useQuery({
    ...breakdownQuery({ project, range }, field ?? "status", {}, 50),
    enabled: isOpen && field !== undefined,
  });
  return completions(line, field !== undefined && values.data?.by === field ? values.data.data : [], fields);
}

function useSlashKey(focus: () => void): void {
  const latest = useRef(focus);
  latest.current = focus;
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event)) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** The filters that hold, each with a button that takes it away. */
export function FilterChips({ filters, onChange }: Pick<SearchBoxProps, "filters" | "onChange">) {
  const chips = filterFields.flatMap((field) => (filters[field] ?? []).map((value) => ({ field, value })));
  if (chips.length === 0) return null;
  return (
    <ul aria-label="Filters" className="flex flex-wrap items-center gap-1.5 border-b border-line px-3 py-1.5">
      {chips.map(({ field, value }) => (
        <li key={`${field}:${value}`} className="inline-flex h-6 items-center rounded-md bg-accent-soft pl-2 text-xs">
          <span className="text-muted">{fieldNames[field]}&nbsp;</span>
          <span className="max-w-52 truncate font-medium">{value}</span>
          <button
            type="button"
            aria-label={`Remove ${fieldNames[field]} ${value}`}
            onClick={() => {
              const rest = filters[field]?.filter((one) => one !== value);
              onChange({ ...filters, [field]: rest?.length === 0 ? undefined : rest });
            }}
            className="ml-0.5 flex size-6 items-center justify-center rounded-md text-muted hover:text-text"
          >
            <X size={12} aria-hidden="true" />
          </button>
        </li>
      ))}
      <li>
        <button
          type="button"
          className="px-1 text-xs text-muted hover:text-text hover:underline"
          onClick={() =>
            onChange({ ...Object.fromEntries(filterFields.map((field) => [field, undefined])), filter: filters.filter })
          }
        >
          Clear
        </button>
      </li>
    </ul>
  );
}
