import type { Server } from "node:tls";

/** What a TLS listener shows to its clients. It may be renewed while listeners use it. */
export interface ListenerCertificate {
  /** For `createServer` of `node:tls`, `node:https` and `node:http2`. */
  readonly options: { readonly cert: Buffer; readonly key: Buffer; readonly minVersion: "TLSv1.2" };
  /** Gives a server each renewal, until the server is closed. Connections that are open keep what they have. */
  keepRenewed(server: Pick<Server, "setSecureContext" | "once">): void;
}
