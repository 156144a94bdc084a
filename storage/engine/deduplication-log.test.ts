import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentTelemetry } from "@weir/model";
import { openStore } from "../store.ts";
import { forgetUnfinishedInserts } from "./deduplication-log.ts";
import { startEngine } from "./engine.ts";
import { freeLoopbackPort } from "./port.ts";

interface Case {
  readonly title: string;
  readonly logs: readonly string[];
  readonly folders: readonly string[];
  readonly forgotten: number;
  readonly newest?: string;
}

const cases: readonly Case[] = [
  { title: "no inserts yet", logs: [""], folders: [], forgotten: 0 },
  { title: "a part that is there", logs: ["1\tp_1_1_0\tb1\n"], folders: ["p_1_1_0"], forgotten: 0 },
  { title: "a part that was merged", logs: ["1\tp_2_2_0\tb2\n"], folders: ["p_1_5_1"], forgotten: 0 },
  { title: "a part that was mutated", logs: ["1\tp_2_2_0\tb2\n"], folders: ["p_1_5_1_9"], forgotten: 0 },
  {
    title: "a part that never came",
    logs: ["1\tp_1_1_0\tb1\n", "1\tp_2_2_0\tb2\n"],
    folders: ["p_1_1_0", "tmp_insert_p_2_2_0"],
    forgotten: 1,
    newest: "1\tp_2_2_0\tb2\n2\tp_2_2_0\tb2\n",
  },
  {
    title: "the same numbers in another partition",
    logs: ["1\tp_1_1_0\tb1\n"],
    folders: ["q_1_1_0"],
    forgotten: 1,
    newest: "1\tp_1_1_0\tb1\n2\tp_1_1_0\tb1\n",
  },
  { title: "forgotten already", logs: ["1\tp_1_1_0\tb1\n2\tp_1_1_0\tb1\n"], folders: [], forgotten: 0 },
  { title: "a line that was cut off", logs: ["1\tp_1_1_0\tb1\n1\tp_2_"], folders: [], forgotten: 0 },
  { title: "bytes that are no log", logs: ["\0\x01?\n\n"], folders: [], forgotten: 0 },
];

for (const { title, logs, folders, forgotten, newest } of cases) {
  test(`unfinished inserts: ${title}`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "weir-dedup-"));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const table = join(directory, "store", "abc", "abc-def");
    await mkdir(join(table, "deduplication_logs"), { recursive: true });
    const file = (index: number) => join(table, "deduplication_logs", `deduplication_log_${index + 9}.txt`);
    for (const [index, text] of logs.entries()) await writeFile(file(index), text);
    for (const folder of folders) await mkdir(join(table, folder));
    assert.equal(await forgetUnfinishedInserts(directory), forgotten);
    assert.equal(readFileSync(file(logs.length - 1), "utf8"), newest ?? logs.at(-1));
    assert.equal(await forgetUnfinishedInserts(directory), 0);
  });
}

test("an insert that the engine noted and did not finish is taken when it comes again", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "weir-dedup-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const options = {
    directory: join(root, "engine"),
    runDirectory: join(root, "run"),
    port: await freeLoopbackPort(),
    password: "secret",
    memoryLimitBytes: 1024 ** 3,
    telemetry: silentTelemetry,
  };
  const insert = "INSERT INTO weir.notes SETTINGS insert_deduplication_token = 't1' VALUES (1)";
  const withEngine = async <Result>(work: (store: ReturnType<typeof openStore>) => Promise<Result>) => {
    await using engine = await startEngine(options);
    await using store = openStore({ ...engine, url: engine.url, database: "default", telemetry: silentTelemetry });
    return await work(store);
  };
  const countAfterRepeat = (store: ReturnType<typeof openStore>) =>
    store.command(insert).then(() => store.query<{ n: number }>("SELECT count() AS n FROM weir.notes"));
  await withEngine(async (store) => {
    await store.command("CREATE DATABASE IF NOT EXISTS weir ENGINE = Atomic");
    const settings = "SETTINGS non_replicated_deduplication_window = 100";
    await store.command(`CREATE TABLE weir.notes (n UInt8) ENGINE = MergeTree ORDER BY n ${settings}`);
    await store.command(insert);
    assert.deepEqual(await countAfterRepeat(store), [{ n: 1 }]);
  });
  // As if it had been killed between the note and the part.
  const part = readdirSync(join(options.directory, "store"), { recursive: true })
    .map(String)
    .find((path) => path.endsWith("/all_1_1_0"));
  await rm(join(options.directory, "store", part ?? ""), { recursive: true });
  assert.deepEqual(await withEngine(countAfterRepeat), [{ n: 1 }]);
});
