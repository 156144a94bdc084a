import { useEffect, useRef } from "react";
import { isTyping } from "./keyboard.ts";

export interface ListKeys {
  readonly onMove: (step: 1 | -1) => void;
  readonly onOpen: () => void;
  readonly onClose: () => void;
  /** The left and right arrows fold and unfold. */
  readonly onFold?: (wanted: "open" | "closed") => void;
  /** Further keys, by `event.key`. */
  readonly others?: Readonly<Record<string, () => void>>;
}

/** j/k and the arrows move, Enter opens, Escape closes; not while something is typed. Enter on a control is its own. */
export function useListKeys(keys: ListKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      const { onMove, onOpen, onClose, onFold, others = {} } = latest.current;
      // Enter has nothing left to do on the tab that is shown.
      const isOnControl =
        event.target instanceof HTMLElement &&
        event.target.closest("button:not([role=tab]), a, [role=tab]:not([aria-selected=true]), summary") !== null;
      if (event.key === "j" || event.key === "ArrowDown") onMove(1);
      else if (event.key === "k" || event.key === "ArrowUp") onMove(-1);
      else if (event.key === "Enter" && !isOnControl) onOpen();
      else if (event.key === "Escape") onClose();
      else if (onFold && event.key === "ArrowLeft") onFold("closed");
      else if (onFold && event.key === "ArrowRight") onFold("open");
      else if (others[event.key] !== undefined) others[event.key]?.();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
