import { type KeyboardEvent, type PointerEvent, type ReactNode, useState } from "react";
import { readPreference, writePreference } from "./theme.ts";

const storageKey = "weir.drawer";
const least = 380;

function widthLimit(): number {
  return Math.max(least, Math.min(1100, innerWidth - 420));
}

/** Details at the right, as wide as the viewer wants; beside the list, which keeps its place. On narrow screens over it. */
export function Drawer({ label, children }: { label: string; children: ReactNode }) {
  const [width, setWidth] = useState(
    () => Number(readPreference(storageKey)) || Math.min(640, Math.round(innerWidth * 0.42)),
  );
  const shown = Math.min(Math.max(width, least), widthLimit());
  const resize = (next: number) => {
    const clamped = Math.min(Math.max(Math.round(next), least), widthLimit());
    setWidth(clamped);
    writePreference(storageKey, String(clamped));
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => event.currentTarget.setPointerCapture(event.pointerId);
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) resize(innerWidth - event.clientX);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") resize(shown + 32);
    else if (event.key === "ArrowRight") resize(shown - 32);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <aside
      aria-label={label}
      className="slide-in relative z-20 flex h-full shrink-0 flex-col border-l border-line bg-panel max-lg:absolute max-lg:inset-0 max-lg:w-full! max-lg:border-0"
      style={{ width: shown }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: an <hr> takes no pointer or keys. */}
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the details"
        aria-valuenow={shown}
        aria-valuemin={least}
        aria-valuemax={widthLimit()}
        tabIndex={0}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onKeyDown={onKeyDown}
        className="absolute inset-y-0 -left-1 z-30 w-2 cursor-col-resize touch-none hover:bg-accent/25 max-lg:hidden"
      />
      {children}
    </aside>
  );
}
