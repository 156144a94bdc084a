/**
 * What a table says of a key that came from outside: its own value, and never what every object has. `__proto__` and
 * `constructor` are keys like any other.
 */
export function ownValue<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
