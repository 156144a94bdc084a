import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { Readable } from "node:stream";
import { type ConnectionOptions, connect } from "node:tls";

/**
 * Asks a server that shows exactly this certificate (PEM, the first in it), whatever names and dates it has: on its
 * own machine Weir is reached by an address that its certificate need not name. As `fetch`, for bodies that are text.
 * Rejects, before a byte of the request is sent, when another is shown.
 */
export function askPinned(url: URL, certificate: string, init: RequestInit): Promise<Response> {
  const { method = "GET", headers, body, signal } = init;
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      ...(signal && { signal }),
      createConnection: (target, onConnected) => {
        connectPinned(target as ConnectionOptions, certificate, onConnected as OnConnected);
        return undefined;
      },
    });
    asked.on("response", (answer) => {
      const { statusCode: status = 0 } = answer;
      const hasBody = status !== 204 && status !== 304;
      const text = hasBody ? (Readable.toWeb(answer) as ReadableStream) : null;
      resolve(new Response(text, { status, headers: { "content-type": answer.headers["content-type"] ?? "" } }));
    });
    asked.on("error", reject);
    asked.end(body ?? undefined);
  });
}

type OnConnected = (error: Error | null, socket?: ReturnType<typeof connect>) => void;

function connectPinned(target: ConnectionOptions, certificate: string, onConnected: OnConnected): void {
  const wanted = new X509Certificate(certificate).fingerprint256;
  // The handshake proves that the server has the shown certificate's key; which one that is, is judged here.
  const socket = connect({ ...target, rejectUnauthorized: false });
  socket.once("error", onConnected);
  socket.once("secureConnect", () => {
    socket.off("error", onConnected);
    if (socket.getPeerX509Certificate()?.fingerprint256 === wanted) return onConnected(null, socket);
    socket.destroy();
    onConnected(new Error("another certificate is shown there than the one in tls.certFile"));
  });
}
