/**
 * Kills Weir's processes with -9 under load and says what was lost, doubled or refused.
 *
 *   node bench/kill.ts [--kills 20] [--rate 1000] [--seed N] [--only core,engine]
 */
import { parseArgs } from "node:util";
import { killRun } from "@weir/e2e/kill-run.ts";
import type { Role } from "@weir/e2e/weir-process.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "20" },
    rate: { type: "string", default: "1000" },
    only: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
console.log(`seed ${values.seed}`);
const { lost, doubled, forgotten, failedWithoutCause, ...counts } = await killRun({
  kills: Number(values.kills),
  seed: Number(values.seed),
  callsPerSecond: Number(values.rate),
  ...(values.only === undefined ? {} : { only: values.only.split(",") as Role[] }),
  log: (line) => console.log(line),
});
console.log(counts);
const faults = { lost, doubled, forgotten, failedWithoutCause };
for (const [name, found] of Object.entries(faults))
  console.log(`${name}: ${found.length} ${found.slice(0, 10).join("; ")}`);
process.exit(Object.values(faults).every((found) => found.length === 0) ? 0 : 1);
