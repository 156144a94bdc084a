// Plays a role as the supervisor sees it: takes the same arguments, keeps a record, says when it is ready, and ends
// as the real ones do. A gateway answers its pid on the port.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { recordProcess } from "../processes/process-record.ts";
import { tellSupervisor } from "../processes/readiness.ts";

const [, role = "", , index = "0", , dataDirectory = ""] = process.argv.slice(2);
const run = `${dataDirectory}/run`;
const record = recordProcess(run, role, Number(index));
const { host, port } = JSON.parse(readFileSync(`${run}/config.json`, "utf8")) as { host: string; port: number };

function end(): void {
  record[Symbol.dispose]();
  process.exit(0);
}

process.on("SIGTERM", end);
if (role === "core") process.stdin.on("end", end).resume();
const server = createServer((_, response) => response.end(String(process.pid)));
server.keepAliveTimeout = 1;
if (role === "gateway") await new Promise<void>((done) => server.listen({ host, port, reusePort: true }, () => done()));
else setInterval(() => undefined, 60_000);
tellSupervisor({ ready: true, announcement: role === "core" ? { signInPath: "/ui/sign-in?token=t" } : {} });
