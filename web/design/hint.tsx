import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";

interface Shown {
  readonly text: string;
  readonly anchor: Element;
}

/**
 * Shows the text of `data-hint` of whatever is pointed at or focused: one element for the page, so that thousands of
 * cells can have a hint. `Escape` hides it. Mounted once.
 */
export function HintLayer() {
  const [shown, setShown] = useState<Shown>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (target: EventTarget | null, delayMs: number) => {
      clearTimeout(timer);
      const anchor = target instanceof Element ? target.closest("[data-hint]") : null;
      const text = anchor?.getAttribute("data-hint");
      if (anchor === null || !text) return setShown(undefined);
      timer = setTimeout(() => setShown({ text, anchor }), delayMs);
    };
    const onOver = (event: Event) => show(event.target, 220);
    const onFocus = (event: FocusEvent) => {
      if (event.target instanceof Element && event.target.matches(":focus-visible")) show(event.target, 220);
    };
    const hide = (event: Event) => {
      if (event instanceof KeyboardEvent && event.key !== "Escape") return;
      clearTimeout(timer);
      setShown(undefined);
    };
    const listeners: [string, (event: never) => void][] = [
      ["pointerover", onOver],
      ["focusin", onFocus],
      ["focusout", hide],
      ["pointerdown", hide],
      ["keydown", hide],
      ["scroll", hide],
    ];
    for (const [name, listener] of listeners) document.addEventListener(name, listener as EventListener, true);
    return () => {
      clearTimeout(timer);
      for (const [name, listener] of listeners) document.removeEventListener(name, listener as EventListener, true);
    };
  }, []);
  return shown === undefined ? null : <HintBubble {...shown} />;
}

function HintBubble({ text, anchor }: Shown) {
  const bubble = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text has another size.
  useLayoutEffect(() => {
    const element = bubble.current;
    if (element === null) return;
    const at = anchor.getBoundingClientRect();
    const size = element.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - size.width / 2), innerWidth - size.width - 8);
    const below = at.bottom + 6 + size.height <= innerHeight - 4;
    element.style.left = `${left}px`;
    element.style.top = `${below ? at.bottom + 6 : Math.max(4, at.top - size.height - 6)}px`;
  }, [anchor, text]);
  return createPortal(
    <div
      ref={bubble}
      role="tooltip"
      className="pop-in num pointer-events-none fixed top-0 left-0 z-[100] max-w-80 rounded-md border border-line-strong bg-raised px-2.5 py-1.5 text-xs whitespace-pre-line shadow-raised"
    >
      {text}
    </div>,
    document.body,
  );
}
