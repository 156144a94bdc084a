// Says what a long step is doing: one line that is rewritten on a terminal, a line every five seconds elsewhere.

/** Runs `work` and reports `describe()` until it is done. Everything goes to stderr, so that stdout stays the program's. */
export async function withProgress(title, describe, work) {
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
  const terminal = process.stderr.isTTY === true;
  const print = () => {
    const line = `  ${title}: ${describe()} ${seconds()} s`;
    process.stderr.write(terminal ? `\r\u001b[K${line}` : `${line}\n`);
  };
  process.stderr.write(`${title} …\n`);
  const timer = setInterval(print, terminal ? 500 : 5000);
  try {
    const result = await work();
    if (terminal) process.stderr.write("\r\u001b[K");
    process.stderr.write(`  done in ${seconds()} s\n`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
