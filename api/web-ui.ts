import { existsSync } from "node:fs";
import { join } from "node:path";
import files from "@fastify/static";
import type { FastifyReply } from "fastify";
import type { ApiOptions, ApiServer } from "./context.ts";

const year = "public, max-age=31536000, immutable";

/**
 * The built web UI under /ui/. Files of the build whose names hold their hash are kept for ever; every other path is
 * the page itself, which finds its route from the address.
 */
export async function registerWebUi(server: ApiServer, { webDirectory }: ApiOptions): Promise<void> {
  server.get("/", { schema: { hide: true } }, (_, reply) => reply.redirect("/ui/"));
  server.get("/ui", { schema: { hide: true } }, (request, reply) => reply.redirect(`/ui/${searchOf(request.url)}`));
  await server.register(files, {
    root: webDirectory,
    prefix: "/ui/",
    serve: false,
    cacheControl: false,
  });
  server.get("/ui/*", { schema: { hide: true } }, (request, reply) => {
    const path = (request.params as { "*": string })["*"];
    return isFile(path) ? sendFile(reply, webDirectory, path) : sendPage(reply, webDirectory);
  });
}

/** What a build emits beside the page has an extension; addresses of the UI have none. */
function isFile(path: string): boolean {
  return /\.[a-z0-9]+$/i.test(path) && path !== "index.html";
}

function sendFile(reply: FastifyReply, webDirectory: string, path: string) {
  reply.header("cache-control", path.startsWith("assets/") ? year : "no-cache");
  return reply.sendFile(path, webDirectory);
}

function sendPage(reply: FastifyReply, webDirectory: string) {
  reply.header("cache-control", "no-cache");
  if (existsSync(join(webDirectory, "index.html"))) return reply.sendFile("index.html", webDirectory);
  return reply.code(503).type("text/html; charset=utf-8").send(notBuiltPage);
}

const notBuiltPage = `<!doctype html>
<html lang="en">
<title>Weir: the web UI is not built</title>
<style>body { font: 16px/1.5 system-ui; max-width: 40rem; margin: 15vh auto; padding: 0 1rem } code { font-size: 1em }</style>
<h1>The web UI is not built yet</h1>
<p>Weir is running and records calls. To build its pages, run <code>npm run build</code> where Weir is installed, and load this page again.</p>
<p>The API answers already: <a href="/docs">its documentation</a>.</p>
</html>
`;

function searchOf(url: string): string {
  const start = url.indexOf("?");
  return start === -1 ? "" : url.slice(start);
}
