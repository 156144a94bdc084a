// `npm start`: sets up what is missing, then runs the supervisor under Node 24.
import { becomeNode24, say, setUp } from "./setup.mjs";

try {
  await setUp();
  becomeNode24("server/main.ts", ["start", ...process.argv.slice(2)]);
} catch (error) {
  say(error.message);
  process.exit(1);
}
