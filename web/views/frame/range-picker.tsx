import { Popover } from "@base-ui/react/popover";
import { CalendarClock, ChevronDown } from "lucide-react";
import { type FormEvent, useState } from "react";
import { nameRange, presetNames, type RangeSpec, rangeEnds, rangePresets, toLocalInput } from "../../data/range.ts";
import { useScope, useSetRange } from "../../data/scope.ts";
import { Button, buttonClass } from "../../design/button.tsx";
import { classes } from "../../design/classes.ts";
import { Field } from "../../design/field.tsx";

/** Presets, and fixed ends in the viewer's zone. */
export function RangePicker() {
  const { range } = useScope();
  const setRange = useSetRange();
  const [isOpen, setOpen] = useState(false);
  const choose = (next: RangeSpec) => {
    setRange(next);
    setOpen(false);
  };
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger className={classes(buttonClass("plain"), "num")} aria-label={`Time range: ${nameRange(range)}`}>
        <CalendarClock size={14} aria-hidden="true" className="text-muted" />
        <span className="hidden sm:inline">{nameRange(range)}</span>
        <span className="sm:hidden">{range.kind === "preset" ? range.preset : "custom"}</span>
        <ChevronDown size={14} aria-hidden="true" className="text-faint" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={4} align="end" className="z-50">
          <Popover.Popup className="pop-in flex w-[min(440px,calc(100vw-16px))] rounded-lg border border-line-strong bg-raised shadow-raised outline-none max-sm:flex-col">
            <div className="flex flex-col p-1 sm:w-44 sm:border-r sm:border-line">
              {rangePresets.map((preset) => {
                const isChosen = range.kind === "preset" && range.preset === preset;
                return (
                  <button
                    key={preset}
                    type="button"
                    aria-pressed={isChosen}
                    onClick={() => choose({ kind: "preset", preset })}
                    className={classes(
                      "flex h-8 items-center justify-between rounded px-2 text-left hover:bg-hover",
                      isChosen && "font-medium text-accent",
                    )}
                  >
                    {presetNames[preset]}
                    <span className="num text-xs text-faint">{preset}</span>
                  </button>
                );
              })}
            </div>
            <FixedEnds key={JSON.stringify(range)} range={range} onChoose={choose} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function FixedEnds({ range, onChoose }: { range: RangeSpec; onChoose: (range: RangeSpec) => void }) {
  const ends = rangeEnds(range, Date.now());
  const [from, setFrom] = useState(toLocalInput(ends.from));
  const [to, setTo] = useState(toLocalInput(ends.to));
  const isValid = Date.parse(from) < Date.parse(to);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isValid) onChoose({ kind: "fixed", from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  };
  return (
    <form onSubmit={submit} className="flex flex-1 flex-col gap-3 p-3">
      <Field label="From" type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
      <Field
        label="To"
        type="datetime-local"
        value={to}
        onChange={(event) => setTo(event.target.value)}
        error={isValid ? undefined : "The end must be after the start."}
      />
      <Button type="submit" variant="primary" disabled={!isValid} className="justify-center">
        Show this range
      </Button>
      <p className="text-xs text-faint">
        In your time zone, {Intl.DateTimeFormat().resolvedOptions().timeZone}. Dragging over a chart sets the range too.
      </p>
    </form>
  );
}
