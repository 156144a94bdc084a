import { type FSWatcher, watch } from "node:fs";

/**
 * Notices of changes in folders. Best effort: where the system gives none, or no more (a limit on watches, a network
 * file system), whoever needs to know has to look now and then.
 */
export class FolderWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>();

  has(path: string): boolean {
    return this.#watchers.has(path);
  }

  /** Calls `onChange` with the name of what changed in the folder, as often as the system says so. */
  add(path: string, onChange: (name: string) => void): void {
    if (this.#watchers.has(path)) return;
    try {
      const watcher = watch(path, { persistent: false }, (_event, name) => onChange(name ?? ""));
      watcher.on("error", () => this.remove(path));
      this.#watchers.set(path, watcher);
    } catch {
      // Looking now and then has to do.
    }
  }

  remove(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }

  [Symbol.dispose](): void {
    for (const path of [...this.#watchers.keys()]) this.remove(path);
  }
}
