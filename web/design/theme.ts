import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";
export type Theme = "light" | "dark";

const storageKey = "weir.theme";
const listeners = new Set<() => void>();

function systemTheme(): Theme {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function storedChoice(): ThemeChoice {
  const value = readPreference(storageKey);
  return value === "light" || value === "dark" ? value : "system";
}

let choice: ThemeChoice = "system";

function apply(): void {
  document.documentElement.dataset["theme"] = choice === "system" ? systemTheme() : choice;
  for (const listener of listeners) listener();
}

/** Takes up the stored choice and follows the system's; call once at the start. */
export function startTheme(): void {
  choice = storedChoice();
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}

export function setTheme(next: ThemeChoice): void {
  choice = next;
  writePreference(storageKey, next);
  apply();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, () => choice);
}

/** The theme that is shown; charts redraw when it changes. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () =>
    document.documentElement.dataset["theme"] === "dark" ? "dark" : "light",
  );
}

/** A preference of this browser; undefined when there is none or storage is forbidden. */
export function readPreference(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

export function writePreference(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that forbids storage forgets the choice with the page.
  }
}
