/* SQLite, in this process: no connections, no network; a batch of buyers is one transaction, its commit
 * is one durable write of the write-ahead log. A buyer's latency is that of the whole batch.
 * --at is a file that is not there yet, or one of an earlier run. */
#include "../load/worker.h"
#include "tally.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static peer_options_t options;
static peer_tally_t tally;
static load_workload_t workload;
static sqlite3 *db;
static sqlite3_stmt *begin_it;
static sqlite3_stmt *take_unit;
static sqlite3_stmt *add_order;
static sqlite3_stmt *commit_it;

/* Durable (FULL syncs the log at each commit), one process, a log that is reused and so soon prewritten.
 */
static const char SCHEMA[] = "PRAGMA page_size = 4096; PRAGMA locking_mode = EXCLUSIVE;"
                             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 4000;"
                             "DROP TABLE IF EXISTS drops; DROP TABLE IF EXISTS orders;"
                             "CREATE TABLE drops (id INTEGER PRIMARY KEY, remaining INTEGER NOT NULL);"
                             "CREATE TABLE orders (drop_id INTEGER NOT NULL, buyer TEXT NOT NULL);";

static bool refused(const char *what)
{
    (void)fprintf(stderr, "sqlite: %s: %s\n", what, db == NULL ? "no memory" : sqlite3_errmsg(db));
    return false;
}

static bool make(sqlite3_stmt **ret_statement, const char *text)
{
    return sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL) ==
               SQLITE_OK ||
           refused(text);
}

static bool step(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    return sqlite3_reset(statement) == SQLITE_OK && result == SQLITE_DONE ? true : refused("step");
}

static bool setting_is(const char *pragma, const char *wanted)
{
    sqlite3_stmt *asked = NULL;
    bool good = make(&asked, pragma) && sqlite3_step(asked) == SQLITE_ROW &&
                strcmp((const char *)sqlite3_column_text(asked, 0), wanted) == 0;
    (void)sqlite3_finalize(asked);
    return good || refused(pragma);
}

static bool open_it(void)
{
    char stock[128];
    (void)snprintf(stock, sizeof stock, "INSERT INTO drops VALUES (1, %llu)",
                   (unsigned long long)options.stock);
    return (sqlite3_open(options.at, &db) == SQLITE_OK || refused(options.at)) &&
           (sqlite3_exec(db, SCHEMA, NULL, NULL, NULL) == SQLITE_OK || refused("schema")) &&
           setting_is("PRAGMA journal_mode", "wal") && setting_is("PRAGMA synchronous", "2") &&
           (sqlite3_exec(db, stock, NULL, NULL, NULL) == SQLITE_OK || refused("stock")) &&
           make(&begin_it, "BEGIN IMMEDIATE") && make(&commit_it, "COMMIT") &&
           make(&take_unit,
                "UPDATE drops SET remaining = remaining - 1 WHERE id = 1 AND remaining > 0") &&
           make(&add_order, "INSERT INTO orders VALUES (1, ?1)");
}

static bool buy(uint64_t number, uint32_t *accepted)
{
    load_request_t request;
    if (!step(take_unit)) {
        return false;
    }
    if (sqlite3_changes(db) == 0) {
        return true;
    }
    load_workload_request(&workload, number, &request);
    (*accepted)++;
    return (sqlite3_bind_text(add_order, 1, request.user, LOAD_USER_BYTES, SQLITE_STATIC) == SQLITE_OK ||
            refused("bind")) &&
           step(add_order);
}

static bool buy_batch(uint32_t count)
{
    uint32_t accepted = 0;
    uint64_t begun_ns = load_now_ns();
    bool good = step(begin_it);
    for (uint32_t i = 0; good && i < count; i++) {
        good = buy(tally.asked + i, &accepted);
    }
    if (!good || !step(commit_it)) {
        return false;
    }
    tally.ended_ns = load_now_ns();
    for (uint32_t i = 0; i < count; i++) {
        load_histogram_record(&tally.latency_ns, tally.ended_ns - begun_ns);
    }
    tally.asked += count;
    tally.accepted += accepted;
    tally.refused += count - accepted;
    return true;
}

static bool run(void)
{
    tally.begun_ns = tally.ended_ns = load_now_ns();
    while (options.requests != 0 ? tally.asked < options.requests
                                 : tally.ended_ns - tally.begun_ns < (uint64_t)(options.seconds * 1e9)) {
        uint64_t left = options.requests != 0 ? options.requests - tally.asked : options.batch;
        if (!buy_batch(left < options.batch ? (uint32_t)left : options.batch)) {
            return false;
        }
    }
    return true;
}

static bool read_books(peer_books_t *ret_books)
{
    sqlite3_stmt *asked = NULL;
    bool good = make(&asked, "SELECT remaining, (SELECT count(*) FROM orders) FROM drops") &&
                sqlite3_step(asked) == SQLITE_ROW;
    if (good) {
        ret_books->left = (uint64_t)sqlite3_column_int64(asked, 0);
        ret_books->orders = (uint64_t)sqlite3_column_int64(asked, 1);
    }
    (void)sqlite3_finalize(asked);
    return good || refused("books");
}

int main(int argc, char **argv)
{
    peer_books_t books = {.left = 0};
    if (!peer_options_parse(argc, argv, &options)) {
        return 2;
    }
    if (options.connections != 1 || options.window != options.batch) {
        (void)fputs("sqlite: runs in this process: --connections 1, and --batch as --window\n", stderr);
        return 2;
    }
    workload.drops[0] = (load_drop_t){.drop_id = 1, .weight = 1};
    workload.drop_count = 1;
    workload.users = 1000000;
    workload.quantity = 1;
    workload.seed = 1;
    load_workload_prepare(&workload);
    if (!open_it() || !run() || !read_books(&books)) {
        return 5;
    }
    (void)sqlite3_finalize(begin_it);
    (void)sqlite3_finalize(take_unit);
    (void)sqlite3_finalize(add_order);
    (void)sqlite3_finalize(commit_it);
    bool closed = sqlite3_close(db) == SQLITE_OK;
    const char *wrong = peer_tally_wrong(&tally, &books, options.stock, true);
    peer_tally_print(&tally, &books, wrong, options.json, stdout);
    if (wrong != NULL) {
        (void)fprintf(stderr, "sqlite: %s\n", wrong);
    }
    return fflush(stdout) != 0 || !closed ? 5 : wrong == NULL ? 0 : 1;
}
