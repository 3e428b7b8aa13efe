#include "engine/signals.h"

#include "base/check.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const int g_waited_for[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

static bool fill(sigset_t *signals)
{
    bool filled = sigemptyset(signals) == 0;
    for (size_t at = 0; at < sizeof g_waited_for / sizeof *g_waited_for; at++) {
        filled = filled && sigaddset(signals, g_waited_for[at]) == 0;
    }
    return filled;
}

bool slc_signals_block(void)
{
    sigset_t signals;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return fill(&signals) && sigprocmask(SIG_BLOCK, &signals, NULL) == 0 &&
           sigaction(SIGPIPE, &ignore, NULL) == 0;
}

static void leave_at_once(int signal_number)
{
    (void)signal_number;
    _exit(0); /* always safe: the journal has everything that was acknowledged */
}

int slc_signals_wait(const slc_signal_calls_t *calls)
{
    sigset_t signals;
    int number = 0;
    SLC_CHECK(fill(&signals));
    do {
        SLC_CHECK(sigwait(&signals, &number) == 0);
        if (number == SIGUSR1) {
            calls->snapshot(calls->context);
        } else if (number == SIGHUP) {
            calls->reopen(calls->context);
        }
    } while (number != SIGTERM && number != SIGINT);
    struct sigaction second = {.sa_handler = leave_at_once};
    SLC_CHECK(sigaction(SIGTERM, &second, NULL) == 0 && sigaction(SIGINT, &second, NULL) == 0);
    /* SIGHUP stays blocked: its default would end the process in the middle of its last work. */
    SLC_CHECK(sigemptyset(&signals) == 0 && sigaddset(&signals, SIGTERM) == 0 &&
              sigaddset(&signals, SIGINT) == 0);
    SLC_CHECK(pthread_sigmask(SIG_UNBLOCK, &signals, NULL) == 0);
    return number;
}
