import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "./classes.ts";

export const inputClass =
  "h-8 w-full rounded-md border border-line-strong bg-panel px-2.5 placeholder:text-faint focus-visible:outline-offset-0";

/** A labelled input with its help or its error. */
export function Field(
  props: { label: string; help?: ReactNode; error?: string | undefined } & ComponentProps<"input">,
) {
  const { label, help, error, className, ...input } = props;
  const id = useId();
  const note = error ?? help;
  return (
    <div className={classes("flex flex-col gap-1", className)}>
      <label htmlFor={id} className="text-xs font-medium text-muted">
        {label}
      </label>
      <input
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        className={inputClass}
        {...input}
      />
      {note !== undefined && (
        <p id={`${id}-note`} className={classes("text-xs", error === undefined ? "text-faint" : "text-bad")}>
          {note}
        </p>
      )}
    </div>
  );
}
