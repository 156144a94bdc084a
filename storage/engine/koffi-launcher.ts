/**
 * The launcher without a C program: `node koffi-launcher.ts LIBRARY PARENT_PID clickhouse ARGUMENT…`, the contract of
 * launcher.c. The engine must run on the process's real stack, which a call through koffi does not (it swaps
 * stacks). So the call is registered with glibc's on_exit, whose handler gets (exit status, argument): with the
 * status argc and the argument argv these are just what chdb_query_cmdline takes, and exit() runs it on the main stack.
 */
import { setPriority } from "node:os";
import koffi from "koffi";

const deathSignalOption = 1;
const niceness = 10;
const [libraryPath, parentPid, ...argumentsOfEngine] = process.argv.slice(2);
if (libraryPath === undefined || argumentsOfEngine.length === 0) stop(2, "usage: LIBRARY PARENT_PID clickhouse …");

const libc = koffi.load("libc.so.6");
libc.func("int prctl(int option, unsigned long value)")(deathSignalOption, 9);
if (process.ppid !== Number(parentPid)) stop(3, "the parent process is gone");

setPriority(niceness);
koffi.load(libraryPath, { global: true });
const dlopen = libc.func("void *dlopen(const char *file, int flags)");
const dlsym = libc.func("void *dlsym(void *library, const char *name)");
const onExit = libc.func("int on_exit(void *handler, void *argument)");
const strdup = libc.func("void *strdup(const char *text)");
const calloc = libc.func("void *calloc(size_t count, size_t size)");
const rtldNow = 2;
const library = dlopen(libraryPath, rtldNow);
const entry = library === null ? null : dlsym(library, "chdb_query_cmdline");
if (entry === null) stop(4, "the library has no chdb_query_cmdline");

const pointerSize = koffi.sizeof("void *");
const argv = calloc(argumentsOfEngine.length + 1, pointerSize);
argumentsOfEngine.forEach((argument, index) => {
  koffi.encode(argv, index * pointerSize, "void *", strdup(argument));
});
onExit(entry, argv);
// Not process.exit: its handlers are not wanted, and the status is the number of arguments.
(process as unknown as { reallyExit(status: number): never }).reallyExit(argumentsOfEngine.length);

function stop(status: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(status);
}
