import { MalformedOtlpError } from "./malformed.ts";
import type { Field, Message, ScalarType } from "./schema.ts";
import { deepestNesting } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

/** Of message levels: six around an attribute's value, and two for each AnyValue inside an AnyValue. */
const deepestMessage = 2 * deepestNesting + 12;

/**
 * The protobuf bytes of a message that is given in OTLP's JSON form: a parsed tree. Fields that are null are left
 * out, unknown ones ignored; one of a wrong type throws a MalformedOtlpError with its path.
 */
export function encodeMessage(message: Message, tree: unknown): Buffer {
  const writer = new WireWriter();
  new TreeEncoder(writer).message(message, tree);
  return writer.finish();
}

class TreeEncoder {
  readonly #writer: WireWriter;
  readonly #path: (string | number)[] = [];

  constructor(writer: WireWriter) {
    this.#writer = writer;
  }

  message({ fields }: Message, tree: unknown): void {
    if (typeof tree !== "object" || tree === null || Array.isArray(tree)) throw this.#wrong("must be an object");
    if (this.#path.length > deepestMessage * 2) throw this.#wrong("is nested too deep");
    const object = tree as Record<string, unknown>;
    for (const field of fields) {
      const value = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
      if (value === undefined || value === null) continue;
      this.#path.push(field.name);
      if (field.isRepeated) this.#list(field, value);
      else this.#value(field, value);
      this.#path.pop();
    }
  }

  #list(field: Field, value: unknown): void {
    if (!Array.isArray(value)) throw this.#wrong("must be a list");
    for (let index = 0; index < value.length; index++) {
      this.#path.push(index);
      this.#value(field, value[index]);
      this.#path.pop();
    }
  }

  #value({ number, type }: Field, value: unknown): void {
    if (typeof type === "string") {
      this.#writer.tag(number, wireTypes[type]);
      this.#scalar(type, value);
      return;
    }
    this.#writer.tag(number, 2);
    this.#writer.nested(() => this.message(type, value));
  }

  #scalar(type: ScalarType, value: unknown): void {
    const writer = this.#writer;
    switch (type) {
      case "string":
        if (typeof value !== "string") throw this.#wrong("must be a string");
        writer.text(value);
        break;
      case "id":
        writer.data(this.#id(value));
        break;
      case "bytes":
        writer.data(this.#bytes(value));
        break;
      case "bool":
        if (typeof value !== "boolean") throw this.#wrong("must be true or false");
        writer.varint(value ? 1 : 0);
        break;
      case "double":
        writer.double(this.#double(value));
        break;
      case "int32":
      case "int64":
      case "uint32":
      case "uint64":
        writer.varint64(this.#integer(value, type));
        break;
      case "sint32": {
        const signed = Number(this.#integer(value, type));
        writer.varint(((signed << 1) ^ (signed >> 31)) >>> 0);
        break;
      }
      case "fixed32":
        writer.fixed32(Number(this.#integer(value, type)));
        break;
      case "fixed64":
      case "sfixed64":
        writer.fixed64(this.#integer(value, type));
        break;
    }
  }

  #id(value: unknown): Buffer {
    if (typeof value !== "string" || value.length % 2 === 1 || !/^[0-9a-fA-F]*$/.test(value)) {
      throw this.#wrong("must be a string of hex digits");
    }
    return Buffer.from(value, "hex");
  }

  #bytes(value: unknown): Buffer {
    if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw this.#wrong("must be base64");
    return Buffer.from(value, "base64");
  }

  #double(value: unknown): number {
    if (typeof value === "number" || typeof value === "bigint") return Number(value);
    const number = typeof value === "string" ? doubleOf(value) : undefined;
    if (number === undefined) throw this.#wrong("must be a number");
    return number;
  }

  #integer(value: unknown, type: IntegerType): bigint {
    let integer: bigint | undefined;
    if (typeof value === "bigint") integer = value;
    else if (typeof value === "number") integer = Number.isInteger(value) ? BigInt(value) : undefined;
    else if (typeof value === "string") integer = integerOf(value);
    if (integer === undefined) throw this.#wrong("must be an integer");
    const [least, most] = integerRanges[type];
    if (integer < least || integer > most) throw this.#wrong(`must be from ${least} to ${most}`);
    return integer;
  }

  #wrong(what: string): MalformedOtlpError {
    const path = this.#path.reduce<string>(
      (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
      "",
    );
    return MalformedOtlpError.in(path, what);
  }
}

const wireTypes: Record<ScalarType, number> = {
  string: 2,
  bytes: 2,
  id: 2,
  bool: 0,
  int32: 0,
  uint32: 0,
  sint32: 0,
  int64: 0,
  uint64: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
};

type IntegerType = Exclude<ScalarType, "string" | "bytes" | "id" | "bool" | "double">;
const signed32 = [-(2n ** 31n), 2n ** 31n - 1n] as const;
const unsigned32 = [0n, 2n ** 32n - 1n] as const;
const signed64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const unsigned64 = [0n, 2n ** 64n - 1n] as const;
const integerRanges: Record<IntegerType, readonly [bigint, bigint]> = {
  int32: signed32,
  sint32: signed32,
  uint32: unsigned32,
  fixed32: unsigned32,
  int64: signed64,
  sfixed64: signed64,
  uint64: unsigned64,
  fixed64: unsigned64,
};

/** Undefined for a text that is no integer. The length is bounded, for the time that reading it takes. */
function integerOf(text: string): bigint | undefined {
  return /^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}

function doubleOf(text: string): number | undefined {
  if (text === "NaN") return Number.NaN;
  if (text === "Infinity") return Number.POSITIVE_INFINITY;
  if (text === "-Infinity") return Number.NEGATIVE_INFINITY;
  return /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined;
}
