import type { Attributes } from "@weir/otlp";
import type { ValueObject } from "./attribute-value.ts";

/** Values below numbered keys, as a tree: `0.message.role` → `{ 0: { message: { role } } }`. */
export type NumberedTree = { [step: string]: unknown };

export interface NumberedValues {
  readonly tree: NumberedTree;
  readonly keys: readonly string[];
}

const deepestKey = 16;

/**
 * Gathers the attributes under a prefix that is followed by a number: `gen_ai.prompt.0.role`, and not
 * `gen_ai.prompt.name`. Undefined when there are none.
 */
export function numberedValues(attributes: Attributes, prefix: string): NumberedValues | undefined {
  const tree: NumberedTree = Object.create(null);
  const keys: string[] = [];
  for (const key of Object.keys(attributes)) {
    if (!key.startsWith(prefix) || !/^\d{1,6}(?:\.|$)/.test(key.slice(prefix.length, prefix.length + 8))) continue;
    keys.push(key);
    plant(tree, key.slice(prefix.length).split("."), attributes[key]);
  }
  return keys.length === 0 ? undefined : { tree, keys };
}

function plant(tree: NumberedTree, path: readonly string[], value: unknown): void {
  if (path.length > deepestKey) return;
  let node = tree;
  for (const step of path.slice(0, -1)) {
    const next = node[step];
    if (isTree(next)) node = next;
    else node = node[step] = Object.create(null) as NumberedTree;
  }
  const last = path.at(-1) ?? "";
  if (!isTree(node[last])) node[last] = value;
}

function isTree(value: unknown): value is NumberedTree {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}

/** What stands under the numbers, in their order. */
export function inOrder(tree: unknown): readonly ValueObject[] {
  if (!isTree(tree)) return [];
  return Object.keys(tree)
    .filter((key) => /^\d+$/.test(key))
    .sort((one, other) => Number(one) - Number(other))
    .map((key) => (isTree(tree[key]) ? tree[key] : {}));
}
