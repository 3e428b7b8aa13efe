/* The engine as a whole, in the test's own process: what its stations say to each other, to buyers,
 * operators, HTTP, systemd and the mirror, over several lives. Processes that are killed are tested in
 * tests/e2e. */
#include "../../lib/living.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static living_t living;

static void open_drop(uint64_t drop_id, uint64_t stock)
{
    const slc_control_request_t request = {
        .op = SLC_CONTROL_OPEN_DROP, .drop_id = drop_id, .stock = stock, .name = "shoe"};
    cr_assert_eq(living_call(&living, &request)->status, SLC_STATUS_ACCEPTED);
}

static slc_engine_info_t status_now(void)
{
    return living_call(&living, &(slc_control_request_t){.op = SLC_CONTROL_GET_STATUS})->engine;
}

static bool answers(const char *path, const char *text)
{
    const char *answer = living_get(&living, path);
    return strstr(answer, text) != NULL;
}

static int64_t count_in_report(const char *file, const char *what)
{
    sqlite3 *report;
    sqlite3_stmt *statement;
    cr_assert_eq(sqlite3_open_v2(file, &report, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(report, what, -1, &statement, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(report));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(statement, 0);
    cr_assert_eq(sqlite3_finalize(statement), SQLITE_OK);
    cr_assert_eq(sqlite3_close(report), SQLITE_OK);
    return count;
}

Test(engine, what_is_sold_is_told_alike_to_buyers_operators_http_and_the_next_life)
{
    living_begin(&living, (const char *const[]){"--io-threads", "2", "--attempts-log", "on", NULL});
    cr_assert(living_start(&living), "%s", living.error.message);
    open_drop(1, 2);
    cr_assert_eq(living_buy(&living, 1, "ada"), SLC_STATUS_ACCEPTED);
    cr_assert_eq(living_buy(&living, 1, "bob"), SLC_STATUS_ACCEPTED);
    cr_assert_eq(living_buy(&living, 1, "cyd"), SLC_STATUS_SOLD_OUT);
    cr_assert_eq(living_buy(&living, 9, "cyd"), SLC_STATUS_UNKNOWN_DROP);
    slc_engine_info_t first = status_now();
    cr_assert_eq(first.applied_sequence, 3, "the drop and two orders");
    cr_assert_eq(first.orders, 2);
    cr_assert_eq(first.buys_answered, 4);
    cr_assert_eq(first.buys_refused, 2);
    cr_assert(answers("/status", "\"recovery\":{\"events\":0,\"total\":0,"));
    cr_assert(answers("/livez", "HTTP/1.1 200"));
    cr_assert(answers("/readyz", "HTTP/1.1 200"));
    cr_assert(answers("/drops/1", "\"remaining\":0"));
    cr_assert(answers("/drops/9", "HTTP/1.1 404"));
    cr_assert(answers("/status", "\"sequence\":3"));
    cr_assert(answers("/metrics", "sluice_requests_total{status=\"accepted\"} 2\n"));
    cr_assert(answers("/metrics", "sluice_requests_total{status=\"sold_out\"} 1\n"));
    cr_assert(answers("/metrics", "sluice_requests_total{status=\"unknown_drop\"} 1\n"));
    cr_assert(answers("/", "<!doctype html>"));
    living_stop(&living);

    cr_assert(living_start(&living), "%s", living.error.message);
    slc_engine_info_t second = status_now();
    cr_assert_eq(second.digest, first.digest);
    cr_assert_eq(second.applied_sequence, 3);
    cr_assert_eq(second.restored_events + second.snapshot_sequence, 3);
    cr_assert_eq(second.buys_answered, 0, "of this life");
    cr_assert_eq(living_buy(&living, 1, "dan"), SLC_STATUS_SOLD_OUT);
    living_stop(&living);
    living_finish(&living);
}

static bool snapshot_is_there(void *context)
{
    (void)context;
    return status_now().snapshots_written >= 1;
}

Test(engine, sigusr1_takes_a_snapshot_from_which_the_next_life_comes_back)
{
    living_begin(&living,
                 (const char *const[]){"--snapshot-interval", "0", "--snapshot-bytes", "0", NULL});
    cr_assert(living_start(&living), "%s", living.error.message);
    open_drop(1, 10);
    cr_assert_eq(living_buy(&living, 1, "ada"), SLC_STATUS_ACCEPTED);
    uint64_t digest = status_now().digest;
    cr_assert_eq(kill(getpid(), SIGUSR1), 0);
    living_until(snapshot_is_there, NULL);
    cr_assert_eq(status_now().snapshot_sequence, 2);
    cr_assert(answers("/metrics", "sluice_snapshots_written_total 1\n"));
    living_stop(&living);
    cr_assert(living_start(&living), "%s", living.error.message);
    slc_engine_info_t info = status_now();
    cr_assert_eq(info.digest, digest);
    cr_assert_eq(info.restored_events, 0, "the snapshot covers all");
    living_stop(&living);
    living_finish(&living);
}

static bool control_is_back(void *path)
{
    slc_control_t *control;
    if (slc_control_connect(path, 0, &control, NULL) != SLC_OK) {
        return false;
    }
    slc_control_close(control);
    return true;
}

Test(engine, sighup_brings_back_a_control_socket_that_somebody_removed)
{
    living_begin(&living, (const char *const[]){"--attempts-log", "on", NULL});
    cr_assert(living_start(&living), "%s", living.error.message);
    open_drop(1, 1);
    cr_assert_eq(kill(getpid(), SIGHUP), 0); /* nothing is lost: nothing changes */
    cr_assert_eq(status_now().drops, 1);
    cr_assert_eq(unlink(living.control), 0);
    cr_assert_not(control_is_back(living.control));
    cr_assert_eq(kill(getpid(), SIGHUP), 0);
    living_until(control_is_back, living.control);
    cr_assert_eq(status_now().drops, 1);
    cr_assert_eq(living_buy(&living, 1, "ada"), SLC_STATUS_ACCEPTED);
    living_stop(&living);
    cr_assert_neq(access(living.control, F_OK), 0, "a stopped server leaves no name behind");
    living_finish(&living);
}

Test(engine, a_second_server_on_the_same_directory_is_refused_and_the_first_goes_on)
{
    slc_error_t error = {0};
    living_begin(&living, NULL);
    cr_assert(living_start(&living), "%s", living.error.message);
    open_drop(1, 1);
    cr_assert_eq(living_refused(&living.options, &error), SLC_ERR_IN_USE);
    cr_assert_not_null(strstr(error.message, living.data), "%s", error.message);
    cr_assert_eq(living_buy(&living, 1, "ada"), SLC_STATUS_ACCEPTED);
    living_stop(&living);
    living_finish(&living);
}

Test(engine, an_address_that_is_taken_is_named_with_what_to_do)
{
    living_t other;
    slc_error_t error = {0};
    living_begin(&living, NULL);
    living_begin(&other, NULL);
    cr_assert(living_start(&living), "%s", living.error.message);
    uint16_t buyers = (uint16_t)strtoul(strrchr(living.listen, ':') + 1, NULL, 10);
    uint16_t http = (uint16_t)strtoul(strrchr(living.http, ':') + 1, NULL, 10);
    other.options.listen.port = buyers;
    cr_assert_eq(living_refused(&other.options, &error), SLC_ERR_IO);
    cr_assert_not_null(strstr(error.message, "listen"), "%s", error.message);
    (void)snprintf(other.options.data_dir, sizeof other.options.data_dir, "%s/third", other.dir);
    other.options.listen.port = 0;
    other.options.http.port = http;
    cr_assert_eq(living_refused(&other.options, &error), SLC_ERR_IO);
    cr_assert_not_null(strstr(error.message, "--http off"), "%s", error.message);
    living_stop(&living);
    living_finish(&other);
    living_finish(&living);
}

/* ---- the mirror ---- */

static bool report_has_all(void *file)
{
    return access(file, F_OK) == 0 && answers("/status", "\"lag_events\":0");
}

Test(engine, the_mirror_holds_each_order_while_it_runs_and_behind_its_end)
{
    char file[192];
    living_begin(&living, NULL);
    (void)snprintf(file, sizeof file, "%s/report.db", living.dir);
    (void)snprintf(living.options.report, sizeof living.options.report, "%s", file);
    cr_assert(living_start(&living), "%s", living.error.message);
    open_drop(1, 5);
    cr_assert_eq(living_buy(&living, 1, "ada"), SLC_STATUS_ACCEPTED);
    living_until(report_has_all, file);
    cr_assert_eq(count_in_report(file, "SELECT count(*) FROM orders"), 1);
    cr_assert_eq(living_buy(&living, 1, "bob"), SLC_STATUS_ACCEPTED);
    living_stop(&living);
    cr_assert_eq(count_in_report(file, "SELECT count(*) FROM orders"), 2, "the last state is written");
    cr_assert_eq(count_in_report(file, "SELECT remaining FROM drops WHERE drop_id = 1"), 3);
    living_finish(&living);
}

Test(engine, a_report_that_cannot_be_written_stops_no_sale)
{
    living_begin(&living, NULL);
    (void)snprintf(living.options.report, sizeof living.options.report, "%s/missing/report.db",
                   living.dir);
    cr_assert(living_start(&living), "%s", living.error.message);
    open_drop(1, 5);
    cr_assert_eq(living_buy(&living, 1, "ada"), SLC_STATUS_ACCEPTED);
    cr_assert(answers("/readyz", "HTTP/1.1 200"));
    living_stop(&living);
    living_finish(&living);
}

/* ---- a file system that does not answer: SQLite's own layer, with a gate before each opening ---- */

static atomic_bool gate_is_shut = true;
static atomic_int at_the_gate;
static sqlite3_vfs gated;
static const sqlite3_vfs *ordinary;

static int open_behind_the_gate(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                                int *ret_flags)
{
    (void)vfs;
    atomic_fetch_add(&at_the_gate, 1);
    while (atomic_load(&gate_is_shut)) {
        (void)usleep(1000);
    }
    return ordinary->xOpen((sqlite3_vfs *)ordinary, name, file, flags, ret_flags);
}

static bool somebody_waits(void *context)
{
    (void)context;
    return atomic_load(&at_the_gate) > 0;
}

/* No thread of this process is called so. */
static bool has_ended(void *name)
{
    bool found = false;
    DIR *tasks = opendir("/proc/self/task");
    cr_assert_not_null(tasks);
    for (const struct dirent *task = readdir(tasks); task != NULL && !found; task = readdir(tasks)) {
        char path[300];
        char line[32] = "";
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL) {
            continue; /* "." and "..", or it ended meanwhile */
        }
        found = fgets(line, sizeof line, file) != NULL &&
                strncmp(line, name, strlen((const char *)name)) == 0;
        cr_assert_eq(fclose(file), 0);
    }
    cr_assert_eq(closedir(tasks), 0);
    return !found;
}

Test(engine, a_report_on_a_disk_that_never_answers_delays_a_stop_by_seconds_and_breaks_nothing_later)
{
    ordinary = sqlite3_vfs_find(NULL);
    gated = *ordinary;
    gated.zName = "gated";
    gated.xOpen = open_behind_the_gate;
    living_begin(&living, NULL);
    (void)snprintf(living.options.report, sizeof living.options.report, "%s/report.db", living.dir);
    cr_assert_eq(sqlite3_vfs_register(&gated, 1), SQLITE_OK);
    cr_assert(living_start(&living), "%s", living.error.message);
    open_drop(1, 5);
    living_until(somebody_waits, NULL);
    cr_assert_eq(living_buy(&living, 1, "ada"), SLC_STATUS_ACCEPTED, "nobody else waits");
    living_stop(&living);
    atomic_store(&gate_is_shut, false); /* it answers after all, while the process ends */
    char mirror[] = "slc-mirror";
    living_until(has_ended, mirror);
    cr_assert(living_start(&living), "%s", living.error.message);
    cr_assert_eq(living_buy(&living, 1, "bob"), SLC_STATUS_ACCEPTED);
    cr_assert_eq(status_now().orders, 2);
    living_stop(&living);
    cr_assert_eq(sqlite3_vfs_unregister(&gated), SQLITE_OK);
    living_finish(&living);
}

/* ---- systemd ---- */

typedef struct listener {
    int fd;
    char heard[16384]; /* all datagrams so far, a newline behind each */
    const char *wanted;
} listener_t;

static void listener_begin(listener_t *listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", living.dir);
    *listener = (listener_t){.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    cr_assert_geq(listener->fd, 0);
    cr_assert_eq(bind(listener->fd, (const struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
}

static bool has_heard(void *context)
{
    listener_t *listener = context;
    size_t used = strlen(listener->heard);
    ssize_t got = recv(listener->fd, listener->heard + used, sizeof listener->heard - used - 2, 0);
    if (got > 0) {
        memcpy(listener->heard + used + got, "\n", 2);
    }
    return strstr(listener->heard, listener->wanted) != NULL;
}

/* Listens until `text` was said; what was heard up to there is forgotten. */
static void hears(listener_t *listener, const char *text)
{
    listener->wanted = text;
    living_until(has_heard, listener);
    listener->heard[0] = '\0';
}

Test(engine, systemd_hears_ready_the_pulse_the_reload_and_the_end_in_this_order)
{
    listener_t listener;
    living_begin(&living, NULL);
    listener_begin(&listener);
    cr_assert_eq(setenv("WATCHDOG_USEC", "200000", 1), 0);
    cr_assert(living_start(&living), "%s", living.error.message);
    hears(&listener, "READY=1\nSTATUS=serving\n");
    hears(&listener, "STATUS=serving: 0 events, 0 connections\nWATCHDOG=1\n");
    open_drop(1, 1);
    hears(&listener, "STATUS=serving: 1 events");
    hears(&listener, "WATCHDOG=1\n");
    cr_assert_eq(kill(getpid(), SIGHUP), 0);
    hears(&listener, "RELOADING=1\nMONOTONIC_USEC=");
    hears(&listener, "READY=1\n");
    living_stop(&living);
    hears(&listener, "STOPPING=1\n");
    cr_assert_eq(close(listener.fd), 0);
    living_finish(&living);
}

/* ---- more than it has room for ---- */

Test(engine, a_buyer_beyond_the_limit_is_told_so_and_the_others_stay)
{
    slc_client_t *clients[8] = {NULL};
    slc_error_t error;
    slc_buy_reply_t reply;
    bool refused = false;
    living_begin(&living, (const char *const[]){"--max-connections", "1", "--io-threads", "1", NULL});
    cr_assert(living_start(&living), "%s", living.error.message);
    open_drop(1, 5);
    for (int i = 0; i < 8 && !refused; i++) {
        refused = slc_client_connect(living.listen, "test", NULL, 0, &clients[i], &error) != SLC_OK;
    }
    cr_assert(refused, "the places of operators are not the buyers'");
    cr_assert_not_null(strstr(error.message, "OVERLOADED"), "%s", error.message);
    slc_buy_t buy = {.request_id = 1, .drop_id = 1, .user = {"ada", 3}};
    cr_assert_eq(slc_client_buy(clients[0], &buy, &reply, &error), SLC_OK, "%s", error.message);
    cr_assert_eq(reply.status, SLC_STATUS_ACCEPTED);
    for (int i = 0; i < 8; i++) {
        slc_client_close(clients[i]);
    }
    living_stop(&living);
    living_finish(&living);
}
