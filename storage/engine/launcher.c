/*
 * Runs the ClickHouse that is inside libchdb.so as a process of its own:
 *
 *     launcher LIBRARY PARENT_PID clickhouse ARGUMENT…
 *
 * loads LIBRARY and calls its chdb_query_cmdline with "clickhouse ARGUMENT…", which returns when its last query ends.
 * The engine dies with PARENT_PID, however that ends; when the parent is gone already, nothing is started. It runs at
 * a lower priority than the parent.
 *
 * Exit codes: 2 wrong arguments, 3 the parent is gone, 4 the library cannot be loaded, 5 the engine failed (its words
 * are on stderr), 0 the last query ended.
 *
 * Built by launcher.ts (compileLauncher). On Linux it has its own _start and asks for the oldest versions of the few
 * libc functions that it needs, so that one binary runs on every glibc that Node runs on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#if defined(__x86_64__)
#define OLDEST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define OLDEST "GLIBC_2.17"
#else
#error "no embedded engine is built for this processor"
#endif
__asm__(".symver dlopen,dlopen@" OLDEST);
__asm__(".symver dlsym,dlsym@" OLDEST);
__asm__(".symver dlerror,dlerror@" OLDEST);
__asm__(".symver nice,nice@" OLDEST);
__asm__(".symver __libc_start_main,__libc_start_main@" OLDEST);
#else
#include <pthread.h>
#include <sys/event.h>
#endif

#define NICENESS 10

typedef void *(*query_function)(int argc, char **argv);
typedef const char *(*error_function)(void *result);

static void say(const char *text) {
    if (text == NULL || write(STDERR_FILENO, text, strlen(text)) < 0) return;
    if (write(STDERR_FILENO, "\n", 1) < 0) return;
}

#ifdef __linux__
static int die_with(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return -1;
    /* The parent may have died before the line above: then this process has been adopted by another. */
    return getppid() == parent ? 0 : -1;
}
#else
static void *wait_for_parent(void *argument) {
    pid_t parent = (pid_t)(long)argument;
    int queue = kqueue();
    struct kevent exited;
    EV_SET(&exited, parent, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL);
    /* Fails with ESRCH when the parent is gone already. */
    kevent(queue, &exited, 1, &exited, 1, NULL);
    kill(getpid(), SIGKILL);
    return NULL;
}

static int die_with(pid_t parent) {
    pthread_t watcher;
    if (getppid() != parent) return -1;
    return pthread_create(&watcher, NULL, wait_for_parent, (void *)(long)parent);
}
#endif

int main(int argc, char **argv) {
    void *library;
    query_function query;
    error_function error;
    void *result;
    const char *message;

    if (argc < 4) {
        say("usage: launcher LIBRARY PARENT_PID clickhouse ARGUMENT...");
        return 2;
    }
    if (die_with((pid_t)atoi(argv[2])) != 0) {
        say("the parent process is gone");
        return 3;
    }
    /* Whatever is in line with somebody's traffic goes first. Threads take it over from the one that starts them. */
    if (nice(NICENESS) == -1) { /* Then it runs at the parent's priority. */
    }
    library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL) {
        say(dlerror());
        return 4;
    }
    query = (query_function)dlsym(library, "chdb_query_cmdline");
    error = (error_function)dlsym(library, "chdb_result_error");
    if (query == NULL || error == NULL) {
        say("the library has no chdb_query_cmdline");
        return 4;
    }
    result = query(argc - 3, argv + 3);
    message = result == NULL ? "the engine gave no result" : error(result);
    if (message != NULL && *message != '\0') {
        say(message);
        return 5;
    }
    return 0;
}

#ifdef __linux__
extern int __libc_start_main(int (*)(int, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
                             void *);

/* What crt1.o does: the stack holds argc and argv, a register holds the loader's exit function. */
__attribute__((used, noreturn)) static void start_with(long *stack, void (*loader_exit)(void)) {
    __libc_start_main(main, (int)stack[0], (char **)(stack + 1), NULL, NULL, loader_exit, stack);
    __builtin_unreachable();
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rdx,%rsi\n mov %rsp,%rdi\n and $-16,%rsp\n call start_with\n hlt\n");
#else
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x1,x0\n mov x0,sp\n bl start_with\n brk #0\n");
#endif
#endif
