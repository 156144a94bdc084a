import { join } from "node:path";
import protobuf from "protobufjs";
import type { Signal } from "./schema.ts";

const folder = join(import.meta.dirname, "testdata/proto");
const names: Record<Signal, string> = { traces: "trace", logs: "logs", metrics: "metrics" };

/** protobufjs's own type of a signal's request, from the official .proto files: the oracle of the tests. */
export function oracleType(signal: Signal): protobuf.Type {
  const name = names[signal];
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(folder, target);
  root.loadSync(`opentelemetry/proto/collector/${name}/v1/${name}_service.proto`);
  const capital = name[0]?.toUpperCase() + name.slice(1);
  return root.lookupType(`opentelemetry.proto.collector.${name}.v1.Export${capital}ServiceRequest`);
}
