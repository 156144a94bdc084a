/**
 * Runs one SDK through every scenario of the matrix, at each of the addresses given, and prints what came of it as JSON:
 *
 *   node e2e/sdks/js/run.mjs <sdk> <address>…
 *
 * An address is what the SDK is told as its provider's, less the path that its documentation gives.
 */
import { scenarios } from "./scenarios.mjs";
import { sdks } from "./sdks.mjs";

const [name, ...addresses] = process.argv.slice(2);
const create = sdks[name];
if (create === undefined) throw new Error(`There is no SDK ${name}; there are ${Object.keys(sdks).join(", ")}.`);

/** Names stand in paths, where some SDKs give a slash a meaning of its own. */
const suffix = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

const outcomes = [];
for (const address of addresses) {
  const outcome = {};
  for (const [scenario, play] of Object.entries(scenarios)) {
    const sdk = await create(address, scenario === "timeout" ? 1500 : 60_000);
    outcome[scenario] = await play(sdk, (word) => `${word}-js-${suffix}`);
  }
  outcomes.push(outcome);
}
process.stdout.write(`\n${JSON.stringify(outcomes)}\n`, () => process.exit(0));
