// Loaded before each test file where `WEIR_TEST_SEED` is set: property tests then make the same cases in every run.
// A commit is judged by its own change, not by a case that nobody has seen before; without the variable, as on a
// developer's machine, each run looks at new ones and a failure names its seed.
import fc from "fast-check";

const seed = Number(process.env.WEIR_TEST_SEED);
if (!Number.isInteger(seed)) throw new Error("WEIR_TEST_SEED is not a whole number.");
fc.configureGlobal({ seed });
