// The program. The processes that stay take a short way, so that each loads what it needs and nothing else.
const [command, ...args] = process.argv.slice(2);
if (command === "role") {
  const { playSupervisedRole } = await import("./play-role.ts");
  await playSupervisedRole(args);
} else if (command === "supervise") {
  const { runSupervisor } = await import("./run-supervisor.ts");
  await runSupervisor(args);
} else {
  const { runCommandLine } = await import("./command-line.ts");
  await runCommandLine();
}
