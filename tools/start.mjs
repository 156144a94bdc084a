// `npm start`: sets up what is missing, then runs the supervisor under Node 24.
import { say } from "./paths.mjs";
import { becomeWeir, setUp } from "./setup.mjs";

try {
  await setUp("run");
  becomeWeir("server/main.ts", ["start", ...process.argv.slice(2)]);
} catch (error) {
  say(error.message);
  process.exit(1);
}
