import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanRow, projectId } from "@weir/model";
import { readBlocks } from "../blocks/block-reader.ts";
import { createBlockWriter } from "../blocks/block-writer.ts";
import { JointBlocks, type RowBlock } from "./joint-blocks.ts";

const writer = createBlockWriter("spans");

function blockOf(name: string, input = "", rowCount = 1): RowBlock {
  for (let row = 0; row < rowCount; row++)
    writer.append({ ...newSpanRow(projectId("joint"), "rest", 5n), name, input });
  return { block: writer.finish().block, rowCount };
}

const namesOf = (block: Uint8Array) => readBlocks(block, "spans").map(({ name }) => name);
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));

const megabyte = "x".repeat(1 << 20);
const cases: [name: string, blocks: RowBlock[], wanted: string[][]][] = [
  ["none", [], []],
  ["one", [blockOf("a")], [["a"]]],
  ["two", [blockOf("a"), blockOf("b")], [["a", "b"]]],
  ["many", numbers(0, 600).map((name) => blockOf(name)), [numbers(0, 256), numbers(256, 512), numbers(512, 600)]],
  [
    "many rows",
    numbers(0, 12).map((name) => blockOf(name, "", 200)),
    [numbers(0, 10), numbers(10, 12)].map((names) => names.flatMap((name) => Array(200).fill(name))),
  ],
  ["large ones", numbers(0, 5).map((name) => blockOf(name, megabyte)), [numbers(0, 3), numbers(3, 5)]],
  [
    "one that is too large among others",
    [blockOf("a"), blockOf("b", megabyte.repeat(5)), blockOf("c"), blockOf("d")],
    [["a"], ["b"], ["c", "d"]],
  ],
  [
    "one of enough rows among others",
    [blockOf("a"), blockOf("b"), blockOf("c", "", 256), blockOf("d"), blockOf("e")],
    [["a", "b"], Array(256).fill("c"), ["d", "e"]],
  ],
];
for (const [name, blocks, wanted] of cases)
  test(`joint blocks of ${name}, gone through twice`, () => {
    const joint = new JointBlocks().of("spans", blocks);
    for (const time of [1, 2]) assert.deepEqual([...joint].map(namesOf), wanted, `time ${time}`);
  });

test("blocks of a column's former type come as they are, and others are joined after them", () => {
  const former = Buffer.from("\x01\x01\x0bduration_ns\x06UInt32\x07\x00\x00\x00", "latin1");
  const formerBlocks = [former, former].map((block) => ({ block, rowCount: 1 }));
  const joint = new JointBlocks();
  for (const blocks of [formerBlocks, [...formerBlocks, blockOf("a")]]) [...joint.of("spans", blocks)];
  assert.deepEqual([...joint.of("spans", [blockOf("a"), blockOf("b")])].map(namesOf), [["a", "b"]]);
});

test("blocks of other columns come as they are", () => {
  const other = Buffer.from("\x01\x01\x05other\x05UInt8\x07", "latin1");
  const blocks = [blockOf("a"), { block: other, rowCount: 1 }];
  assert.deepEqual(
    [...new JointBlocks().of("spans", blocks)],
    blocks.map(({ block }) => block),
  );
});
