#!/usr/bin/env node
// The `weir` command: sets up what is missing, then runs it under Node 24.
import { say } from "./paths.mjs";
import { becomeWeir, setUp } from "./setup.mjs";

const isServing = ["start", "gateway", "ingest", "core"].includes(process.argv[2]);

try {
  await setUp(isServing ? "run" : "command");
  becomeWeir("server/main.ts", process.argv.slice(2));
} catch (error) {
  say(error.message);
  process.exit(1);
}
