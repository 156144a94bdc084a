// A supervisor over fake roles: `node fake-supervisor.ts <data directory> <port>`.
import { join } from "node:path";
import { loadConfig } from "../config.ts";
import { failureText } from "../failure-text.ts";
import { supervise } from "../supervisor.ts";
import { createTelemetry } from "../telemetry.ts";

const [dataDir = "", port = "0"] = process.argv.slice(2);
// Another server than the embedded engine, so that none is started.
const environment = {
  WEIR_DATA_DIR: dataDir,
  WEIR_PORT: port,
  WEIR_OTLP_GRPC_PORT: "0",
  WEIR_OTLP_HTTP_PORT: "0",
  WEIR_CLICKHOUSE_URL: "http://127.0.0.1:1",
};
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
try {
  await supervise({
    config: loadConfig({ environment, directory: dataDir }),
    telemetry: createTelemetry({ processName: "supervisor", log: { level: "warn", format: "json" } }),
    withDemo: false,
    program: join(import.meta.dirname, "fake-role.ts"),
    onLine: (line) => console.log(line),
    print: (text) => console.log(text),
    stop: stop.signal,
    kill: new AbortController().signal,
  });
} catch (thrown) {
  console.error(failureText(thrown));
  process.exitCode = 1;
}
