import assert from "node:assert/strict";
import { test } from "node:test";
import { billedKinds, type Column, tableColumns } from "@weir/model";
import { readMigrations } from "./migrations.ts";
import { type RenderTarget, renderMigration, searchableText } from "./render.ts";

const everything = new Set([
  "text_index",
  "bucketed_maps",
  "adaptive_buffers",
  "automatic_statistics",
  "packed_postings",
] as const);
const single: RenderTarget = { database: "weir", cluster: undefined, features: everything };
const cluster: RenderTarget = { ...single, cluster: "main" };
const migrations = readMigrations();
const statementsFor = (target: RenderTarget) => migrations.flatMap(({ template }) => renderMigration(template, target));

const example = `-- About the table; it has a semicolon.
-- fragment counts
    n UInt64
-- end
CREATE TABLE IF NOT EXISTS @table(t) @on_cluster
(
    a String,
-- if text_index
    INDEX words @searchable(a) TYPE text(tokenizer = splitByNonAlpha),
-- end
    @counts
)
ENGINE = @engine(MergeTree) SETTINGS @settings;
@distributed(t, cityHash64(a))

CREATE MATERIALIZED VIEW IF NOT EXISTS v @on_cluster TO @table(t) AS SELECT a FROM @table(s);
`;

test("a template becomes statements of a single node", () => {
  assert.deepEqual(renderMigration(example, { ...single, features: new Set() }), [
    `CREATE TABLE IF NOT EXISTS t
(
    a String,
    n UInt64
)
ENGINE = MergeTree SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1`,
    "CREATE MATERIALIZED VIEW IF NOT EXISTS v  TO t AS SELECT a FROM s",
  ]);
});

test("and of a cluster: rows in _local tables that are replicated, the name itself over all of them", () => {
  assert.deepEqual(renderMigration(example, cluster), [
    `CREATE TABLE IF NOT EXISTS t_local ON CLUSTER \`main\`
(
    a String,
    INDEX words ${searchableText("a")} TYPE text(tokenizer = splitByNonAlpha),
    n UInt64
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}') SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = '', text_index_posting_list_codec = 'bitpacking', min_columns_to_activate_adaptive_write_buffer = 1`,
    "CREATE TABLE IF NOT EXISTS t ON CLUSTER `main` AS t_local ENGINE = Distributed(`main`, `weir`, t_local, cityHash64(a))",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS v ON CLUSTER `main` TO t_local AS SELECT a FROM s_local",
  ]);
});

test("an unknown word is a mistake", () => {
  assert.throws(() => renderMigration("CREATE TABLE @tabel(t);", single), /unknown word @tabel/);
});

test("every statement can be repeated: a migration may be interrupted", () => {
  for (const target of [single, cluster])
    for (const statement of statementsFor(target))
      assert.match(
        statement,
        /^CREATE [A-Z ]+ IF NOT EXISTS |^TRUNCATE TABLE IF EXISTS |^INSERT INTO (?:usage_1h|usage_user_total_1d) SELECT|^ALTER TABLE [^;]+\s(?:ADD (?:INDEX|COLUMN) IF NOT EXISTS|MATERIALIZE INDEX IF EXISTS|MODIFY (?:TTL|QUERY|(?:COLUMN \w+\s+MODIFY )?SETTING))\s/,
      );
});

test("on a cluster every statement is for all of it, and every table of rows is replicated", () => {
  for (const statement of statementsFor(cluster)) {
    // What is inserted goes through a Distributed table to all of it.
    assert.match(statement, /ON CLUSTER `main`|^INSERT INTO (?:usage_1h|usage_user_total_1d) /);
    assert.doesNotMatch(statement, /ENGINE = (?!Replicated|Distributed)/);
  }
});

for (const [table, columns] of Object.entries<Record<string, Column>>(tableColumns))
  test(`the columns of ${table} are those of the model, in its order`, () => {
    const statements = statementsFor(single);
    const create = statements.find((statement) => statement.startsWith(`CREATE TABLE IF NOT EXISTS ${table}\n`));
    const added = statements
      .filter((statement) => new RegExp(`^ALTER TABLE ${table}\\s`).test(statement))
      .flatMap((statement) =>
        [...statement.matchAll(/ADD COLUMN IF NOT EXISTS (.+?),?$/gm)].map(([, column]) => column),
      );
    const wanted = Object.entries(columns).map(([name, { stored }]) => `${name} ${stored}`);
    const created = wanted.splice(0, wanted.length - added.length).map((column) => `    ${column},\n`);
    assert.ok(create?.includes(created.join("")), `the migration of ${table} differs from model/columns.ts`);
    assert.deepEqual(added, wanted);
  });

test("the kinds that count into cost are the model's", () => {
  const kinds = [...billedKinds].map((kind) => `'${kind}'`).join(", ");
  const views = statementsFor(single).filter((statement) => statement.includes(" AS billed"));
  assert.equal(views.length, 3);
  for (const view of views) assert.ok(view.includes(`kind IN (${kinds}) AS billed`));
});
