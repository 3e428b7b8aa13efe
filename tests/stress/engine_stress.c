/* A whole engine with all its threads, over several lives: buyers with windows in flight, an operator who
 * opens, closes and purges, onlookers of the HTTP who hang half-way, SIGHUP and SIGUSR1 all the time, a
 * mirror, a pulse, snapshots and small segments; the second life spins.
 *
 * Forbidden: a drop that sells more or less than its stock; a count in /metrics that is not what buyers
 * and operators heard; an order in the mirror that no buyer was told of, or the other way round; a digest
 * that a stop changes; a data race (under ThreadSanitizer). A plain program. Argument: BUYs, else a
 * share of SLC_STRESS_EVENTS.
 *
 * The engine is in a process of its own, whose stderr is kept as the log and shown if it fails. */
#include "engine_stress.h"

#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVES 2u
/* All lives together: enough for each thread to meet each other, and few enough for seconds. */
#define BUYS_MIN UINT64_C(8000)
#define BUYS_MAX UINT64_C(100000)

static _Atomic uint64_t g_heard; /* replies, of all lives; what the watch looks at */

/* What has to be the same in the next life, and in the mirror behind the last one. */
typedef struct past {
    uint64_t digest;
    uint64_t sequence;
    winner_t *winners; /* malloc, of all lives */
    size_t winner_count;
    uint64_t replies;
    uint64_t operations;
    uint64_t answers;
} past_t;

static slc_engine_info_t status_now(const living_t *living, uint64_t heard[SLC_STATUS_COUNT])
{
    const slc_control_reply_t *reply =
        living_call(living, &(slc_control_request_t){.op = SLC_CONTROL_GET_STATUS});
    STRESS_EXPECT(reply->status == SLC_STATUS_ACCEPTED, "no status: %s", reply->message);
    heard[reply->status]++;
    return reply->engine;
}

static void open_drops(const fair_t *fair, uint64_t heard[SLC_STATUS_COUNT])
{
    for (uint32_t i = 0; i < FAIR_DROPS; i++) {
        const slc_control_request_t open = {.op = SLC_CONTROL_OPEN_DROP,
                                            .drop_id = fair_drop(fair, i),
                                            .stock = fair->stock,
                                            .per_user_limit = i == 0 ? 1 : 0,
                                            .name = "shoe"};
        slc_status_t status = living_call(fair->living, &open)->status;
        STRESS_EXPECT(status == SLC_STATUS_ACCEPTED, "no drop: %s", slc_status_name((int)status));
        heard[status]++;
    }
}

static void expect_sold_out(const fair_t *fair, uint64_t heard[SLC_STATUS_COUNT])
{
    for (uint32_t i = 0; i < FAIR_DROPS; i++) {
        const slc_control_request_t get = {.op = SLC_CONTROL_GET_DROP, .drop_id = fair_drop(fair, i)};
        const slc_control_reply_t *reply = living_call(fair->living, &get);
        heard[reply->status]++;
        STRESS_EXPECT(reply->status == SLC_STATUS_ACCEPTED && reply->drop.remaining == 0 &&
                          reply->drop.stock == fair->stock,
                      "drop %" PRIu64 ": %" PRIu64 " of %" PRIu64 " left", get.drop_id,
                      reply->drop.remaining, reply->drop.stock);
    }
}

/* ---- what was heard, and what the engine counted ---- */

static void expect_counted(const char *metrics, const char *name, const uint64_t heard[SLC_STATUS_COUNT])
{
    for (int status = SLC_STATUS_ACCEPTED; status < SLC_STATUS_COUNT; status++) {
        char begin[96];
        char word[32] = "";
        const char *upper = slc_status_name(status) + strlen("STATUS_");
        for (size_t i = 0; upper[i] != '\0'; i++) {
            word[i] = upper[i] == '_' ? '_' : (char)(upper[i] - 'A' + 'a');
        }
        (void)snprintf(begin, sizeof begin, "\n%s{status=\"%s\"} ", name, word);
        const char *line = strstr(metrics, begin);
        STRESS_EXPECT(line != NULL, "no %s", begin + 1);
        uint64_t counted = strtoull(line + strlen(begin), NULL, 10);
        STRESS_EXPECT(counted == heard[status], "%s%" PRIu64 ", but %" PRIu64 " were heard", begin + 1,
                      counted, heard[status]);
    }
}

static void add(uint64_t all[SLC_STATUS_COUNT], const uint64_t some[SLC_STATUS_COUNT])
{
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        all[status] += some[status];
    }
}

static void keep_winners(past_t *past, const buyer_t *buyer)
{
    size_t count = past->winner_count + buyer->winner_count;
    if (buyer->winner_count == 0) {
        return;
    }
    winner_t *all = realloc(past->winners, count * sizeof *all);
    STRESS_EXPECT(all != NULL, "no memory for the winners");
    memcpy(all + past->winner_count, buyer->winners, buyer->winner_count * sizeof *all);
    past->winners = all;
    past->winner_count = count;
}

/* ---- one life ---- */

typedef struct crowd {
    buyer_t buyers[FAIR_BUYERS];
    operator_t at_control;
    onlooker_t onlookers[FAIR_ONLOOKERS];
} crowd_t;

static void visit(fair_t *fair, crowd_t *crowd)
{
    pthread_t threads[FAIR_BUYERS + FAIR_ONLOOKERS + 2];
    size_t count = 0;
    for (uint32_t i = 0; i < FAIR_BUYERS; i++) {
        static const uint32_t windows[FAIR_BUYERS] = {256, 64, 8, 1};
        crowd->buyers[i] = (buyer_t){.fair = fair, .number = i, .window = windows[i]};
        threads[count++] = stress_start(buyer_main, &crowd->buyers[i]);
    }
    crowd->at_control = (operator_t){.fair = fair};
    threads[count++] = stress_start(operator_main, &crowd->at_control);
    for (uint32_t i = 0; i < FAIR_ONLOOKERS; i++) {
        crowd->onlookers[i] = (onlooker_t){.fair = fair, .number = i};
        threads[count++] = stress_start(onlooker_main, &crowd->onlookers[i]);
    }
    threads[count++] = stress_start(sender_main, fair);
    for (size_t i = 0; i < count; i++) {
        stress_join(threads[i]);
        if (i + 1 == FAIR_BUYERS) {
            /* relaxed: see engine_stress.h */
            atomic_store_explicit(&fair->sold_out, true, memory_order_relaxed);
        }
    }
}

/* All that the crowd was told, against what the engine says of itself; and who of it won, for later. */
static void settle(const fair_t *fair, crowd_t *crowd, uint64_t operations[SLC_STATUS_COUNT],
                   past_t *past)
{
    uint64_t buys[SLC_STATUS_COUNT] = {0};
    for (uint32_t i = 0; i < FAIR_BUYERS; i++) {
        add(buys, crowd->buyers[i].heard);
        keep_winners(past, &crowd->buyers[i]);
        free(crowd->buyers[i].winners);
    }
    add(operations, crowd->at_control.heard);
    expect_sold_out(fair, operations);
    slc_engine_info_t info = status_now(fair->living, operations);
    past->digest = info.digest;
    past->sequence = info.applied_sequence;
    while (status_now(fair->living, operations).snapshots_written == 0) {
        fair_nap_us(5000); /* the watch bounds it */
    }
    const char *metrics = living_get(fair->living, "/metrics");
    expect_counted(metrics, "sluice_requests_total", buys);
    expect_counted(metrics, "sluice_control_requests_total", operations);
    for (uint32_t i = 0; i < FAIR_ONLOOKERS; i++) {
        STRESS_EXPECT(crowd->onlookers[i].read > 0, "onlooker %" PRIu32 " read nothing", i);
        past->answers += crowd->onlookers[i].read;
    }
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        past->replies += buys[status];
        past->operations += operations[status];
    }
}

static void live(living_t *living, uint32_t life, uint64_t buys, past_t *past)
{
    uint64_t operations[SLC_STATUS_COUNT] = {0};
    static crowd_t crowd;
    fair_t fair = {.living = living,
                   .life = life,
                   .stock = buys / 2 / FAIR_DROPS + 1,
                   .buys = buys,
                   .seeds = life * UINT64_C(100),
                   .heard = &g_heard};
    living->options.busy_spin = life == 1;
    STRESS_EXPECT(living_start(living), "life %" PRIu32 ": %s", life, living->error.message);
    slc_engine_info_t info = status_now(living, operations);
    STRESS_EXPECT(info.digest == past->digest || life == 0, "digest %016" PRIx64 ", not %016" PRIx64,
                  info.digest, past->digest);
    STRESS_EXPECT(info.applied_sequence == past->sequence, "event %" PRIu64 ", not %" PRIu64,
                  info.applied_sequence, past->sequence);
    open_drops(&fair, operations);
    visit(&fair, &crowd);
    settle(&fair, &crowd, operations, past);
    living_stop(living);
}

/* ---- the mirror ---- */

static int by_order(const void *a, const void *b)
{
    uint64_t left = ((const winner_t *)a)->order_id;
    uint64_t right = ((const winner_t *)b)->order_id;
    return (left > right) - (left < right);
}

static sqlite3_stmt *prepare(sqlite3 *report, const char *what)
{
    sqlite3_stmt *statement = NULL;
    STRESS_EXPECT(sqlite3_prepare_v2(report, what, -1, &statement, NULL) == SQLITE_OK, "%s: %s", what,
                  sqlite3_errmsg(report));
    return statement;
}

/* Behind the last life: exactly the orders that buyers were told of, and the state of the engine. */
static void expect_mirrored(const char *file, past_t *past)
{
    sqlite3 *report = NULL;
    char digest[17];
    STRESS_EXPECT(sqlite3_open_v2(file, &report, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK, "no %s", file);
    sqlite3_stmt *row = prepare(report, "SELECT sequence, digest FROM covered");
    STRESS_EXPECT(sqlite3_step(row) == SQLITE_ROW, "%s covers nothing", file);
    (void)snprintf(digest, sizeof digest, "%016" PRIx64, past->digest);
    STRESS_EXPECT((uint64_t)sqlite3_column_int64(row, 0) == past->sequence &&
                      strcmp((const char *)sqlite3_column_text(row, 1), digest) == 0,
                  "the mirror covers %lld with %s, not %" PRIu64 " with %s", sqlite3_column_int64(row, 0),
                  (const char *)sqlite3_column_text(row, 1), past->sequence, digest);
    (void)sqlite3_finalize(row);
    qsort(past->winners, past->winner_count, sizeof *past->winners, by_order);
    row = prepare(report, "SELECT order_id, drop_id, user FROM standing_orders ORDER BY order_id");
    for (size_t i = 0; i < past->winner_count; i++) {
        const winner_t *winner = &past->winners[i];
        char name[FAIR_NAME_BYTES];
        fair_user(winner->user, name);
        STRESS_EXPECT(sqlite3_step(row) == SQLITE_ROW, "the mirror ends before order %" PRIu64,
                      winner->order_id);
        STRESS_EXPECT((uint64_t)sqlite3_column_int64(row, 0) == winner->order_id &&
                          (uint64_t)sqlite3_column_int64(row, 1) == winner->drop_id &&
                          strcmp((const char *)sqlite3_column_text(row, 2), name) == 0,
                      "the mirror has order %lld of %s, not %" PRIu64 " of %s",
                      sqlite3_column_int64(row, 0), (const char *)sqlite3_column_text(row, 2),
                      winner->order_id, name);
    }
    STRESS_EXPECT(sqlite3_step(row) == SQLITE_DONE, "order %lld in the mirror was told to nobody",
                  sqlite3_column_int64(row, 0));
    (void)sqlite3_finalize(row);
    STRESS_EXPECT(sqlite3_close(report) == SQLITE_OK, "the mirror stays open");
}

/* ---- all lives, in a process of their own ---- */

static void listen_as_systemd(const living_t *living, manager_t *manager)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    manager->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", living->dir);
    STRESS_EXPECT(manager->socket >= 0 &&
                      bind(manager->socket, (const struct sockaddr *)&address, sizeof address) == 0,
                  "no socket %s", address.sun_path);
    STRESS_EXPECT(setenv("NOTIFY_SOCKET", address.sun_path, 1) == 0 &&
                      setenv("WATCHDOG_USEC", "200000", 1) == 0,
                  "no environment");
    (void)pthread_detach(stress_start(manager_main, manager));
}

static void live_all(living_t *living, uint64_t buys)
{
    past_t past = {0};
    uint64_t heard[SLC_STATUS_COUNT] = {0};
    static manager_t manager;
    listen_as_systemd(living, &manager);
    stress_watch(&g_heard, "a whole engine");
    for (uint32_t life = 0; life < LIVES; life++) {
        /* On two cores a life that spins gives all others little. */
        live(living, life, life == 1 ? buys / 4 : buys, &past);
    }
    living->options.busy_spin = false;
    STRESS_EXPECT(living_start(living), "the last life: %s", living->error.message);
    slc_engine_info_t info = status_now(living, heard);
    STRESS_EXPECT(info.digest == past.digest && info.applied_sequence == past.sequence,
                  "digest %016" PRIx64 ", not %016" PRIx64, info.digest, past.digest);
    /* Only here: beside threads that spin, the mirror's low priority leaves it next to nothing. */
    while (strstr(living_get(living, "/status"), "\"lag_events\":0,") == NULL) {
        fair_nap_us(5000); /* the watch bounds it, and the next */
    }
    living_stop(living);
    expect_mirrored(living->options.report, &past);
    while (atomic_load_explicit(&manager.beats, memory_order_relaxed) <= LIVES) {
        fair_nap_us(1000); /* one beat at least of each life */
    }
    free(past.winners);
    stress_tell(past.replies, "through a whole engine");
    (void)printf("%" PRIu64 " operations, %" PRIu64 " answers of HTTP, %zu orders in the mirror\n",
                 past.operations, past.answers, past.winner_count);
}

static void show_log(const living_t *living)
{
    char line[4096];
    FILE *log = fopen(living->log, "r");
    while (log != NULL && fgets(line, sizeof line, log) != NULL) {
        (void)fputs(line, stderr);
    }
    if (log != NULL) {
        (void)fclose(log);
    }
}

int main(int argc, char **argv)
{
    static living_t living;
    uint64_t buys = stress_events(argc, argv, 2);
    buys = buys < BUYS_MIN ? BUYS_MIN : buys;
    buys = buys > BUYS_MAX ? BUYS_MAX : buys;
    living_begin(&living, (const char *const[]){"--io-threads", "2", "--attempts-log", "on", NULL});
    living.options.segment_bytes = 1u << 20;
    living.options.block_bytes_max = 1u << 17;
    (void)snprintf(living.options.report, sizeof living.options.report, "%s/report.db", living.dir);
    pid_t child = fork();
    STRESS_EXPECT(child >= 0, "no process");
    if (child == 0) {
        STRESS_EXPECT(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "no end with the parent");
        live_all(&living, buys);
        return 0;
    }
    int status = 0;
    STRESS_EXPECT(waitpid(child, &status, 0) == child, "no end of the engine's process");
    if (status != 0) {
        show_log(&living);
    }
    living_finish(&living);
    STRESS_EXPECT(status == 0, "the engine's process ended with status %d", status);
    return 0;
}
