import { readdirSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";

const patienceMs = 1000;

/** What each process of this Weir answers on this path, by its name (`core-0`); those that do not answer are left out. */
export async function askAllProcesses<Answer>(socketFolder: string, path: string): Promise<Map<string, Answer>> {
  const names = readdirSync(socketFolder).filter((name) => name.endsWith(".internal.sock"));
  const answers = await Promise.all(names.map((name) => askProcess<Answer>(join(socketFolder, name), path)));
  const found = new Map<string, Answer>();
  names.forEach((name, index) => {
    const answer = answers[index];
    if (answer !== undefined) found.set(name.slice(0, -".internal.sock".length), answer);
  });
  return found;
}

function askProcess<Answer>(socketPath: string, path: string): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path, agent: false, timeout: patienceMs }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", () => resolve(undefined));
      response.on("end", () => resolve(parse(text)));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(undefined));
  });
}

function parse<Answer>(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}
