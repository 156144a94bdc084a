import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";

export interface Forked<Result> {
  readonly child: ChildProcess;
  /** The last message that it sent before it ended. */
  readonly result: Promise<Result>;
}

/** Starts a script of this folder in a process of its own; its argument is the order, as JSON. */
export function startForked<Result>(script: string, order: object): Forked<Result> {
  const child = fork(join(import.meta.dirname, script), [JSON.stringify(order)]);
  const result = new Promise<Result>((resolve, reject) => {
    let told: Result | undefined;
    child.on("message", (message) => {
      told = message as Result;
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (told === undefined) reject(new Error(`${script} ended with ${code} and no result.`));
      else resolve(told);
    });
  });
  return { child, result };
}
