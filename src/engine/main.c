/* sluiced: options, signals, and the engine's one life. */
#include "engine/engine.h"

#include <signal.h>
#include <stdio.h>

extern char **environ;

/* The signals that the main thread waits for; blocked before any other thread exists, so that all inherit
 * it. A peer that is gone is seen by the call that writes to it. */
static bool block_signals(void)
{
    sigset_t signals;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigemptyset(&signals) == 0 && sigaddset(&signals, SIGTERM) == 0 &&
           sigaddset(&signals, SIGINT) == 0 && sigaddset(&signals, SIGHUP) == 0 &&
           sigaddset(&signals, SIGUSR1) == 0 && sigprocmask(SIG_BLOCK, &signals, NULL) == 0 &&
           sigaction(SIGPIPE, &ignore, NULL) == 0;
}

int main(int argc, char **argv)
{
    static slc_options_t options;
    slc_error_t error = {0};
    slc_err_t err = slc_options_parse(argc, argv, environ, &options, &error);
    if (err != SLC_OK) {
        (void)fprintf(stderr, "sluiced: %s\n", error.message);
        return slc_err_exit_code(err);
    }
    switch (options.action) {
    case SLC_ACTION_HELP:
        slc_options_print_help(stdout);
        return 0;
    case SLC_ACTION_VERSION:
        slc_options_print_version(stdout);
        return 0;
    case SLC_ACTION_PRINT_CONFIG:
        slc_options_print_config(&options, stdout);
        return 0;
    case SLC_ACTION_CHECK_CONFIG:
        return 0;
    case SLC_ACTION_SERVE:
        break;
    }
    slc_log_setup(options.log_format, options.log_level);
    if (!block_signals()) {
        perror("sluiced: cannot set up signals");
        return slc_err_exit_code(SLC_ERR_IO);
    }
    err = slc_engine_run(&options, &error);
    if (err != SLC_OK) {
        slc_log(SLC_LOG_ERROR, "%s", error.message);
        return slc_err_exit_code(err);
    }
    return 0;
}
