import { useLiveState } from "../../data/live.ts";
import { useScope, useSetSearch } from "../../data/scope.ts";
import { buttonClass } from "../../design/button.tsx";
import { classes } from "../../design/classes.ts";

const words = {
  open: "New calls are announced as they end.",
  connecting: "Connecting…",
  lost: "The live connection is lost; it is being tried again.",
  off: "Paused. Nothing changes until you resume.",
} as const;

/** Whether pages follow new rows. */
export function LiveSwitch() {
  const { isLive, range } = useScope();
  const setSearch = useSetSearch();
  const state = useLiveState();
  const isFixed = range.kind === "fixed";
  const shown = isFixed || !isLive ? "off" : state;
  return (
    <button
      type="button"
      role="switch"
      aria-checked={isLive && !isFixed}
      disabled={isFixed}
      aria-label="Live"
      onClick={() => setSearch({ live: isLive ? "off" : undefined }, { replace: true })}
      className={classes(buttonClass("plain"), "max-sm:w-8 max-sm:justify-center max-sm:px-0")}
      data-hint={isFixed ? "A range with fixed ends does not move. Choose a preset to follow new calls." : words[shown]}
    >
      <span
        aria-hidden="true"
        className={classes(
          "size-2 rounded-full",
          shown === "open"
            ? "bg-good"
            : shown === "lost"
              ? "bg-bad"
              : shown === "connecting"
                ? "bg-warn"
                : "border border-faint",
        )}
      />
      <span className="max-sm:sr-only">{shown === "off" ? "Paused" : "Live"}</span>
    </button>
  );
}
