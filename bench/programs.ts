import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@weir/e2e/free-port.ts";
import { listProcesses } from "@weir/e2e/process-table.ts";
import { checkout } from "@weir/e2e/weir-process.ts";

/** A program under load or behind it. */
export interface Running extends AsyncDisposable {
  readonly url: string;
  /** The processes that a call passes through. */
  pids(): number[];
}

const peersFolder = join(import.meta.dirname, ".peers");

/** One of our own bench programs, or another script that listens where `--port` says. */
export async function startScript(script: string, args: readonly string[]): Promise<Running> {
  const port = await freePort();
  const child = spawn(process.execPath, [script, ...args.map((arg) => arg.replace("{port}", String(port)))], {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return running(child, port);
}

async function running(child: ChildProcess, port: number): Promise<Running> {
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(url)); tries++) {
    if (child.exitCode !== null || tries > 300) throw new Error(`${child.spawnargs.join(" ")} does not listen.`);
    await sleep(50);
  }
  return {
    url,
    pids: () => withChildren(child.pid ?? 0),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await Promise.race([ended, sleep(3000).then(() => child.kill("SIGKILL"))]);
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url, { signal: AbortSignal.timeout(1000) })).arrayBuffer();
    return true;
  } catch (error) {
    // The instant upstream answers any request; other programs at least accept the connection.
    return (error as { name?: string }).name === "TimeoutError";
  }
}

export function withChildren(pid: number): number[] {
  const all = listProcesses();
  const found = [pid];
  for (const parent of found)
    found.push(...all.filter((entry) => entry.parentPid === parent).map((entry) => entry.pid));
  return found;
}

export function startInstantUpstream(): Promise<Running> {
  return startScript(join(import.meta.dirname, "instant-upstream.ts"), ["--port", "{port}"]);
}

export function startBareRelay(upstream: string): Promise<Running> {
  return startScript(join(import.meta.dirname, "bare-relay.ts"), ["--port", "{port}", "--upstream", upstream]);
}

/** nginx as a streaming reverse proxy: one worker, connections to the upstream kept, nothing buffered. */
export async function startNginx(upstream: string): Promise<Running> {
  if (!existsSync("/usr/sbin/nginx"))
    execFileSync("apt-get", ["install", "-y", "-qq", "nginx-light"], { stdio: "ignore" });
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-nginx-"));
  writeFileSync(join(folder, "nginx.conf"), nginxConfig(folder, port, new URL(upstream).host));
  const child = spawn("/usr/sbin/nginx", ["-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const nginx = await running(child, port);
  return {
    ...nginx,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nginxConfig(folder: string, port: number, upstream: string): string {
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 64m;
  client_body_buffer_size 256k;
  keepalive_requests 100000000;
  tcp_nodelay on;
  upstream provider { server ${upstream}; keepalive 128; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
    }
  }
}
`;
}

/** With newer @hono/node-server versions, which its manifest allows, Portkey answers every stream with a 500. */
const portkeyManifest = {
  private: true,
  dependencies: { "@portkey-ai/gateway": "1.15.2" },
  overrides: { "@hono/node-server": "1.14.0" },
};

/** Portkey's open-source gateway, from npm, in a folder of its own. */
export async function startPortkey(): Promise<Running> {
  const folder = join(peersFolder, "portkey");
  const script = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  if (!existsSync(script)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify(portkeyManifest));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder, stdio: "inherit" });
  }
  return startScript(script, ["--port={port}", "--headless"]);
}

/** An independent mock provider that answers every prompt with one text. */
export async function startAimock(): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-aimock-"));
  const fixtures = {
    fixtures: [{ match: {}, response: { content: "The quick answer is yes: a queue keeps order." } }],
  };
  writeFileSync(join(folder, "fixtures.json"), JSON.stringify(fixtures));
  const cli = join(checkout, "node_modules/@copilotkit/aimock/dist/cli.js");
  const flags = [
    "--port",
    "{port}",
    "--fixtures",
    join(folder, "fixtures.json"),
    "--log-level",
    "silent",
    "--journal-max",
    "10",
  ];
  return startScript(cli, flags);
}
