/* src/disruptor/bell.c: who is rung for, how often, and that no ring is lost. Threads that race for it
 * are in tests/stress/ring_bell.c. */
#include "disruptor/bell.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static slc_bell_t bell;
static slc_error_t error;

static void setup(void)
{
    cr_assert(slc_bell_init(&bell, &error) == SLC_OK, "%s", error.message);
}

static void teardown(void)
{
    slc_bell_finish(&bell);
}

TestSuite(bell, .init = setup, .fini = teardown, .timeout = 60);

static bool is_heard(void)
{
    struct pollfd look = {.fd = bell.fd, .events = POLLIN};
    return poll(&look, 1, 0) == 1;
}

Test(bell, is_not_heard_by_who_is_awake)
{
    slc_bell_ring(&bell);
    cr_assert(!is_heard());
    slc_bell_arm(&bell);
    slc_bell_disarm(&bell);
    slc_bell_ring(&bell);
    cr_assert(!is_heard());
}

Test(bell, is_heard_once_for_any_number_of_rings)
{
    slc_bell_arm(&bell);
    cr_assert(!is_heard());
    for (int i = 0; i < 3; i++) {
        slc_bell_ring(&bell);
    }
    cr_assert(is_heard());
    uint64_t rings = 0;
    cr_assert(read(bell.fd, &rings, sizeof rings) == sizeof rings && rings == 1,
              "one write for all three");
    slc_bell_arm(&bell);
    slc_bell_ring(&bell);
    cr_assert(is_heard());
    slc_bell_answer(&bell);
    cr_assert(!is_heard());
    slc_bell_answer(&bell); /* of none: a ringer that was quicker has been answered before */
    cr_assert(!is_heard());
}

/* Nobody answered for a very long time; the sleeper hears it all the same. */
Test(bell, whose_counter_is_full_has_been_rung_already)
{
    uint64_t most = UINT64_MAX - 1;
    cr_assert(write(bell.fd, &most, sizeof most) == sizeof most);
    slc_bell_arm(&bell);
    slc_bell_ring(&bell);
    cr_assert(is_heard());
    slc_bell_answer(&bell);
    cr_assert(!is_heard());
}

static void *ring_it(void *argument)
{
    slc_bell_ring(argument);
    return NULL;
}

Test(bell, wakes_who_sleeps_in_poll)
{
    pthread_t thread;
    struct pollfd look = {.fd = bell.fd, .events = POLLIN};
    slc_bell_arm(&bell);
    cr_assert(pthread_create(&thread, NULL, ring_it, &bell) == 0);
    cr_assert(poll(&look, 1, -1) == 1);
    cr_assert(pthread_join(thread, NULL) == 0);
}

Test(bell, without_a_descriptor_left_is_refused_and_finished_in_peace)
{
    struct rlimit limit;
    slc_bell_t other;
    cr_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 0;
    cr_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    slc_err_t code = slc_bell_init(&other, &error);
    limit.rlim_cur = before;
    cr_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    cr_assert(code == SLC_ERR_IO && error.sys_errno == EMFILE);
    cr_assert(strstr(error.message, "eventfd") != NULL, "%s", error.message);
    slc_bell_finish(&other);
}

Test(bell, that_lost_its_descriptor_is_a_broken_invariant_and_not_a_sleep_for_ever, .signal = SIGABRT)
{
    cr_assert(close(bell.fd) == 0);
    slc_bell_arm(&bell);
    slc_bell_ring(&bell);
}
