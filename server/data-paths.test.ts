import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CodedError } from "@weir/model";
import { openDataPaths, unusableFolder } from "./data-paths.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-paths-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const file = join(directory, "file");
writeFileSync(file, "");

test("the folders of a data directory are made for their owner alone", () => {
  const paths = openDataPaths(join(directory, "new", "data"));
  for (const folder of [paths.data, paths.run, paths.journal, paths.engine])
    assert.equal(statSync(folder).mode & 0o777, 0o700, folder);
});

for (const [folder, reason] of [
  [file, "there is a file of that name"],
  [join(file, "data"), "a part of its path is a file"],
] as const)
  test(`a data folder that cannot be made: ${reason}`, () => {
    assert.throws(
      () => openDataPaths(folder),
      (error) =>
        error instanceof CodedError &&
        error.code === "CONFIG_INVALID" &&
        error.message.startsWith(`The data folder ${folder} cannot be used: ${reason}.`),
    );
  });

for (const [code, words] of [
  ["ENOSPC", /the disk is full\. Make room, or set WEIR_DATA_DIR/],
  ["EROFS", /read-only file system\. Correct that, or set WEIR_DATA_DIR/],
  ["EACCES", /this user may not write there/],
  ["EIO", /i\/o error, write/],
] as const)
  test(`${code} while writing there is told in one sentence`, () => {
    const cause = Object.assign(new Error("EIO: i/o error, write"), { code });
    assert.match(unusableFolder(directory, cause).message, words);
  });
