/* sluiced: options, signals, and the engine's one life. */
#include "engine/engine.h"
#include "engine/signals.h"

#include <stdio.h>

extern char **environ;

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
    if (!slc_signals_block()) {
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
