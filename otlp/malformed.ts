import { CodedError } from "@weir/model";

/** Bytes or JSON that are no OTLP message. `message` says what is wrong and where: a byte offset, or a JSON path. */
export class MalformedOtlpError extends CodedError {
  /** Where in the protobuf bytes reading stopped; undefined for JSON. */
  readonly offset: number | undefined;
  /** The wrong field of a JSON message: `resourceSpans[0].scopeSpans[0].spans[2].kind`; undefined for protobuf. */
  readonly path: string | undefined;

  private constructor(message: string, offset: number | undefined, path: string | undefined) {
    super("BAD_REQUEST", message, path === undefined ? {} : { details: [{ path, message }] });
    this.name = "MalformedOtlpError";
    this.offset = offset;
    this.path = path;
  }

  static at(offset: number, what: string): MalformedOtlpError {
    return new MalformedOtlpError(`The protobuf message is malformed at byte ${offset}: ${what}.`, offset, undefined);
  }

  static in(path: string, what: string): MalformedOtlpError {
    return new MalformedOtlpError(path === "" ? `The JSON message ${what}.` : `${path} ${what}.`, undefined, path);
  }
}
