// The program. A supervisor's children take a short way, so that they load their own role and nothing else.
if (process.argv[2] === "role") {
  const { playSupervisedRole } = await import("./play-role.ts");
  await playSupervisedRole(process.argv.slice(3));
} else {
  const { runCommandLine } = await import("./command-line.ts");
  await runCommandLine();
}
