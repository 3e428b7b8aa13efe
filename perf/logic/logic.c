/* What a BUY costs in the business logic alone, without ring, journal or sockets: accepted, replayed and
 * refused, the memory an order takes, and the longest pause while it grows. Every answer is checked, and
 * at the end the digest against one computed from scratch. One thread; see perf/README.md for the method.
 */
#include "logic/logic.h"
#include "../still/still.h"
#include "apply/toucher.h"
#include "base/hash.h"
#include "snapshot.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 256u
#define USER_BYTES 12
/* A batch of less is asked no questions. */
#define UNSUSPICIOUS_NS UINT64_C(2000000)

typedef struct bench {
    slc_logic_t *logic;
    uint64_t orders;
    uint64_t drops;
    uint64_t limit;
    uint64_t sequence;
    bool json;
    bool snapshot;
    slc_toucher_t *toucher; /* NULL: the logic meets its pages by itself */
    slc_fresh_t fresh;      /* what it was given last */
    slc_ask_t asks[BATCH];
    slc_answer_t answers[BATCH];
    char users[BATCH][USER_BYTES + 1];
} bench_t;

/* Batches by their time, in steps of 64 ns, the last step open: other load on the machine shows in the
 * mean, far less in the median. */
#define STEP_NS 64u
#define STEPS 65536u

typedef struct timing {
    uint64_t batches;
    uint64_t wall_ns;
    uint64_t longest_cpu_ns; /* CPU time, so that waiting for a core is not in it */
    uint32_t steps[STEPS];
} timing_t;

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        perror("clock_gettime");
        exit(5);
    }
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* splitmix64 (S. Vigna), as a permutation: order keys that look drawn at random, and can be drawn again.
 */
static uint64_t scatter(uint64_t i)
{
    uint64_t z = i * UINT64_C(0x9e3779b97f4a7c15) + 1;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static _Noreturn void wrong(const bench_t *bench, const char *what, const slc_answer_t *answer)
{
    (void)fprintf(stderr, "logic: %s behind event %" PRIu64 ": got %s, order %" PRIu64 ", replayed %d\n",
                  what, bench->sequence, slc_status_name((int)answer->status), answer->order_id,
                  answer->replayed);
    exit(1);
}

/* The i-th buyer's request, from memory of nothing but i. */
static void fill_ask(bench_t *bench, uint32_t at, uint64_t i, uint64_t drop_id, uint64_t key)
{
    (void)snprintf(bench->users[at], sizeof bench->users[at], "u-%010" PRIu64, i % UINT64_C(10000000000));
    bench->asks[at] = (slc_ask_t){
        .drop_id = drop_id,
        .order_key = key,
        .user_hash = slc_hash(bench->users[at], USER_BYTES),
        .user = bench->users[at],
        .user_bytes = USER_BYTES,
        .quantity = 1,
    };
}

static uint64_t drop_of(const bench_t *bench, uint64_t i)
{
    return 1 + scatter(i + UINT64_C(0x5151)) % bench->drops;
}

/* Has memory touched as the apply station does. */
static void touch_ahead(bench_t *bench)
{
    if (bench->toucher == NULL || !slc_toucher_idle(bench->toucher)) {
        return;
    }
    slc_logic_hold(bench->logic, false);
    slc_fresh_t fresh;
    slc_logic_fresh(bench->logic, &fresh);
    if (fresh.count != bench->fresh.count ||
        memcmp(fresh.pieces, bench->fresh.pieces, fresh.count * sizeof *fresh.pieces) != 0) {
        bench->fresh = fresh;
        slc_logic_hold(bench->logic, true);
        slc_toucher_give(bench->toucher, &fresh);
    }
}

/* CPU time in which the machine did not stand still: a host that takes the cores away does not tell, so
 * the thread's clock goes on. The witness notes that a moment later than it ends. */
static uint64_t moving_ns(uint64_t cpu_ns, uint64_t begun_ns, uint64_t ended_ns)
{
    if (cpu_ns < UNSUSPICIOUS_NS) {
        return cpu_ns;
    }
    const struct timespec moment = {.tv_nsec = 3000000};
    (void)nanosleep(&moment, NULL);
    uint64_t still_ns = still_within(begun_ns, ended_ns);
    return still_ns < cpu_ns ? cpu_ns - still_ns : 0;
}

/* Runs one batch as the apply station does: what a group of BUYs touches is fetched ahead of it. */
static void run_batch(bench_t *bench, bool journaled, timing_t *timing)
{
    uint64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    uint64_t wall = now_ns(CLOCK_MONOTONIC);
    for (uint32_t at = 0; at < BATCH; at++) {
        if (at % SLC_AHEAD_MAX == 0) {
            slc_logic_fetch_ahead(bench->logic, &bench->asks[at], SLC_AHEAD_MAX);
        }
        uint64_t time_us = 1 + bench->sequence / 4;
        if (journaled) {
            slc_logic_buy(bench->logic, &bench->asks[at], ++bench->sequence, time_us,
                          &bench->answers[at]);
        } else {
            slc_logic_refuse(bench->logic, &bench->asks[at], time_us, &bench->answers[at]);
        }
    }
    touch_ahead(bench);
    uint64_t begun = wall;
    wall = now_ns(CLOCK_MONOTONIC) - begun;
    cpu = moving_ns(now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu, begun, begun + wall);
    timing->longest_cpu_ns = cpu > timing->longest_cpu_ns ? cpu : timing->longest_cpu_ns;
    timing->wall_ns += wall;
    timing->steps[wall / STEP_NS < STEPS ? wall / STEP_NS : STEPS - 1]++;
    timing->batches++;
}

static void open_drop(bench_t *bench, uint64_t drop_id, uint64_t stock)
{
    slc_event_t event = {
        .sequence = ++bench->sequence,
        .time_us = 1 + bench->sequence / 4,
        .kind = SLC_EVENT_DROP_OPENED,
        .as.drop_opened = {.drop_id = drop_id, .stock = stock, .per_user_limit = bench->limit}};
    slc_answer_t answer;
    slc_logic_apply(bench->logic, &event, &answer, NULL);
    if (answer.status != SLC_STATUS_ACCEPTED) {
        wrong(bench, "open", &answer);
    }
}

static void accept_all(bench_t *bench, timing_t *timing)
{
    for (uint64_t first = 0; first < bench->orders; first += BATCH) {
        for (uint32_t i = 0; i < BATCH; i++) {
            fill_ask(bench, i, first + i, drop_of(bench, first + i), scatter(first + i));
        }
        run_batch(bench, true, timing);
        for (uint32_t i = 0; i < BATCH; i++) {
            if (bench->answers[i].status != SLC_STATUS_ACCEPTED || bench->answers[i].replayed) {
                wrong(bench, "accepted BUY", &bench->answers[i]);
            }
        }
    }
}

static void replay_some(bench_t *bench, timing_t *timing)
{
    for (uint64_t round = 0; round < 1000000 / BATCH; round++) {
        for (uint32_t i = 0; i < BATCH; i++) {
            uint64_t order = scatter(round * BATCH + i) % bench->orders;
            fill_ask(bench, i, order, drop_of(bench, order), scatter(order));
        }
        run_batch(bench, false, timing);
        for (uint32_t i = 0; i < BATCH; i++) {
            if (bench->answers[i].status != SLC_STATUS_ACCEPTED || !bench->answers[i].replayed) {
                wrong(bench, "replayed BUY", &bench->answers[i]);
            }
        }
    }
}

/* Unknown keys on a drop that has nothing left. */
static void refuse_some(bench_t *bench, timing_t *timing)
{
    open_drop(bench, UINT64_MAX, 0);
    for (uint64_t round = 0; round < 1000000 / BATCH; round++) {
        for (uint32_t i = 0; i < BATCH; i++) {
            fill_ask(bench, i, round * BATCH + i, UINT64_MAX, scatter(~(round * BATCH + i)));
        }
        run_batch(bench, false, timing);
        for (uint32_t i = 0; i < BATCH; i++) {
            if (bench->answers[i].status != SLC_STATUS_SOLD_OUT) {
                wrong(bench, "refused BUY", &bench->answers[i]);
            }
        }
    }
}

static double mean_ns(const timing_t *timing)
{
    return timing->batches == 0 ? 0 : (double)timing->wall_ns / (double)(timing->batches * BATCH);
}

/* Time of a BUY in the batch at that rank, 0 to 1. */
static double rank_ns(const timing_t *timing, double rank)
{
    uint64_t below = (uint64_t)((double)timing->batches * rank);
    uint64_t seen = 0;
    uint32_t step = 0;
    while (step < STEPS - 1 && (seen += timing->steps[step]) <= below) {
        step++;
    }
    return (double)step * STEP_NS / BATCH;
}

static void print(const bench_t *bench, const char *what, const timing_t *timing)
{
    if (bench->json) {
        (void)printf(
            "\"%s_ns\": {\"median\": %.1f, \"mean\": %.1f, \"p99\": %.1f}, \"%s_pause_us\": %.0f, ", what,
            rank_ns(timing, 0.5), mean_ns(timing), rank_ns(timing, 0.99), what,
            (double)timing->longest_cpu_ns / 1e3);
    } else {
        (void)printf(
            "%-9s %6.1f ns each (median of batches of %u; mean %.1f, 99th %.1f), longest batch %.0f "
            "us of CPU\n",
            what, rank_ns(timing, 0.5), BATCH, mean_ns(timing), rank_ns(timing, 0.99),
            (double)timing->longest_cpu_ns / 1e3);
    }
}

static void print_still(bool json, still_sum_t still)
{
    (void)printf(json ? "\"still\": {\"count\": %" PRIu64 ", \"ms\": %.1f, \"longest_ms\": %.1f, "
                        "\"real_time\": %s}, "
                      : "machine   stood still %" PRIu64
                        " times, %.1f ms in all, %.1f ms the longest%s\n",
                 still.count, (double)still.ns / 1e6, (double)still.longest_ns / 1e6,
                 json              ? still.real_time ? "true" : "false"
                 : still.real_time ? ""
                                   : " (or was busy with others)");
}

static void run(bench_t *bench)
{
    static timing_t accepted;
    static timing_t replayed;
    static timing_t refused;
    bench->orders = (bench->orders + BATCH - 1) / BATCH * BATCH;
    for (uint64_t drop_id = 1; drop_id <= bench->drops; drop_id++) {
        open_drop(bench, drop_id, bench->orders);
    }
    accept_all(bench, &accepted);
    double order_bytes = (double)slc_logic_order_bytes(bench->logic) / (double)bench->orders;
    replay_some(bench, &replayed);
    refuse_some(bench, &refused);
    if (slc_logic_digest(bench->logic) != slc_logic_digest_recomputed(bench->logic)) {
        (void)fprintf(stderr, "logic: the digest is not what its records give\n");
        exit(1);
    }
    (void)printf(bench->json ? "{\"orders\": %" PRIu64 ", \"drops\": %" PRIu64
                               ", \"per_user_limit\": %" PRIu64 ", "
                             : "%" PRIu64 " orders, %" PRIu64 " drops, limit %" PRIu64 "\n",
                 bench->orders, bench->drops, bench->limit);
    print(bench, "accepted", &accepted);
    print(bench, "replayed", &replayed);
    print(bench, "refused", &refused);
    if (bench->snapshot && !measure_snapshot(bench->logic, bench->json)) {
        exit(1);
    }
    print_still(bench->json, still_end());
    (void)printf(bench->json ? "\"bytes_per_order\": %.1f}\n" : "memory    %6.1f bytes an order\n",
                 order_bytes);
}

static void help(void)
{
    (void)puts("Examples:\n"
               "  logic                                  ten million orders in one drop\n"
               "  logic --orders 1000000 --drops 1000    spread over a thousand drops\n"
               "  logic --limit 1                        with a limit per user\n"
               "  logic --snapshot                       and what a snapshot costs\n"
               "\n"
               "Measures a BUY in the business logic alone and checks every answer.\n"
               "  --orders N   orders to place (default 10000000)\n"
               "  --drops N    drops to spread them over (default 1)\n"
               "  --limit N    units per user; 0: no limit (default)\n"
               "  --untouched  nobody touches memory ahead of the logic\n"
               "  --snapshot   cuts the state, reads it and loads it into a second one, too\n"
               "  --json       one line of JSON\n"
               "  --version, --help\n"
               "Exit codes: 0 done, 1 a wrong answer, 2 usage.");
}

static uint64_t number_of(const char *text, const char *option)
{
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    if (*text == '\0' || *text == '-' || *end != '\0') {
        (void)fprintf(stderr, "logic: --%s wants a number, not \"%s\"\n", option, text);
        exit(2);
    }
    return number;
}

int main(int count, char **arguments)
{
    static const struct option options[] = {{"orders", required_argument, NULL, 'o'},
                                            {"drops", required_argument, NULL, 'd'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {"snapshot", no_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"untouched", no_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    bool touched = true;
    static bench_t bench = {.orders = 10000000, .drops = 1};
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        switch (option) {
        case 'o':
            bench.orders = number_of(optarg, "orders");
            break;
        case 'd':
            bench.drops = number_of(optarg, "drops");
            break;
        case 'l':
            bench.limit = number_of(optarg, "limit");
            break;
        case 's':
            bench.snapshot = true;
            break;
        case 'u':
            touched = false;
            break;
        case 'j':
            bench.json = true;
            break;
        case 'v':
            (void)puts("logic " SLC_VERSION);
            return 0;
        case 'h':
            help();
            return 0;
        default:
            return 2;
        }
    }
    if (optind < count || bench.drops == 0 || bench.orders == 0) {
        (void)fprintf(stderr, "logic: nothing to do with these arguments; see logic --help\n");
        return 2;
    }
    bench.logic = slc_logic_create();
    if (bench.logic == NULL) {
        (void)fprintf(stderr, "logic: out of memory\n");
        return 5;
    }
    slc_error_t error = {0};
    bench.toucher = touched ? slc_toucher_create(&error) : NULL;
    if ((touched && bench.toucher == NULL) || !still_begin()) {
        (void)fprintf(stderr, "logic: cannot start a thread: %s\n", error.message);
        return 5;
    }
    run(&bench);
    slc_toucher_destroy(bench.toucher);
    slc_logic_destroy(bench.logic);
    return 0;
}
