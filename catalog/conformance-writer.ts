import { writeSync } from "node:fs";
import { silentTelemetry } from "@weir/model";
import { openCatalog } from "./catalog.ts";
import type { CatalogLocation } from "./database/database.ts";

/** Writes to the catalog until it is killed, and says on stdout what was acknowledged: one JSON object a line. */
interface WriterTask {
  readonly location: CatalogLocation;
  readonly secretKeyFile: string;
  readonly round: number;
}

const { location, secretKeyFile, round } = JSON.parse(process.argv[2] ?? "") as WriterTask;
const say = (acknowledged: object) => writeSync(1, `${JSON.stringify(acknowledged)}\n`);

await using catalog = await openCatalog({ ...location, secretKeyFile, telemetry: silentTelemetry });
await catalog.ensureInitial();
for (let index = 0; ; index++) {
  const { id: projectId } = await catalog.createProject({ name: "Killed", id: `round-${round}-${index}` });
  say({ project: projectId });
  const { secret } = await catalog.createApiKey({ projectId, name: "key" });
  say({ project: projectId, key: secret });
  await catalog.createConnection({ projectId, provider: "openai", secret: `sk-${projectId}` });
  say({ project: projectId, connection: `sk-${projectId}` });
  const { token } = await catalog.createSignInLink();
  say({ link: token });
  const session = await catalog.redeemSignInLink(token);
  say({ spent: token, session: session?.secret });
}
