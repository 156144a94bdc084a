import { createServer } from "node:net";
import { CodedError } from "@weir/model";
import { portInUse } from "./role-process.ts";

export interface WantedPort {
  readonly host: string;
  readonly port: number;
  /** What the user sets to have another one. Default `WEIR_PORT`. */
  readonly variable?: string;
}

/**
 * Whether the port is free, and which one it is where any will do (port 0). Workers share a port, and would share it
 * with another Weir's too: so it is tried once without sharing, before they start.
 */
export async function claimPort(wanted: WantedPort): Promise<number> {
  const { host, port } = wanted;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (thrown) {
    throw explained(thrown as NodeJS.ErrnoException, wanted);
  }
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : port;
}

function explained(error: NodeJS.ErrnoException, wanted: WantedPort): Error {
  const { host, port, variable = "WEIR_PORT" } = wanted;
  switch (error.code) {
    case "EADDRINUSE":
      return new CodedError("CONFLICT", portInUse(host, port, variable), { cause: error });
    case "EACCES":
      return new CodedError(
        "FORBIDDEN",
        `Port ${port} needs more rights than Weir has; set ${variable} to one above 1023.`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new CodedError(
        "CONFIG_INVALID",
        `WEIR_HOST: ${host} is no address of this machine. Use 127.0.0.1 or 0.0.0.0.`,
      );
    default:
      return error;
  }
}
