/** Run by the kill test: drains a folder of journals until it is killed. Arguments: directory, folder of the store. */
import { silentTelemetry } from "@weir/model";
import { startWriter } from "../../index.ts";
import { FileStore } from "./file-store.ts";

const [directory = "", folder = ""] = process.argv.slice(2);
await startWriter({
  directory,
  insert: new FileStore(folder),
  telemetry: silentTelemetry,
  settings: { gatherMs: 5, pollMs: 50, batchRows: 200 },
});
