/* The client of PostgreSQL, by libpq in pipeline mode: prepared statements, one commit a batch.
 *
 *   --mode each     (usual) one statement a buyer; a batch of them is sent in one go and is one
 * transaction
 *   --mode set      one call a batch: the buyers as an array, the stock taken once for all of them
 *
 * A buyer counts as answered when the commit of the transaction is known, not by the statement's result.
 */
#include "../load/workload.h"
#include "kind.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SCHEMA[] =
    "SET client_min_messages = warning;"
    "DROP TABLE IF EXISTS drops; DROP TABLE IF EXISTS orders;"
    "CREATE TABLE drops (id int PRIMARY KEY, remaining bigint NOT NULL) WITH (fillfactor = 10);"
    "CREATE TABLE orders (drop_id int NOT NULL, buyer text NOT NULL);"
    "CREATE OR REPLACE FUNCTION buy_set(buyers text[]) RETURNS int LANGUAGE plpgsql AS $$ "
    "DECLARE was bigint; sold int; BEGIN "
    "SELECT remaining INTO was FROM drops WHERE id = 1 FOR UPDATE; "
    "sold := least(was, cardinality(buyers)); "
    "UPDATE drops SET remaining = was - sold WHERE id = 1; "
    "INSERT INTO orders SELECT 1, buyer FROM unnest(buyers[1:sold]) AS line (buyer); "
    "RETURN sold; END $$;";
static const char BUY_EACH[] = "WITH unit AS (UPDATE drops SET remaining = remaining - 1 "
                               "WHERE id = 1 AND remaining > 0 RETURNING id) "
                               "INSERT INTO orders SELECT id, $1 FROM unit";
static const char BUY_SET[] = "SELECT buy_set($1)";

static bool by_set;

typedef struct inside {
    PGconn *connection;
    uint32_t *asked; /* a ring: how many buyers each transaction on its way has */
    uint32_t slots;
    uint32_t first;
    uint32_t transactions;
    uint32_t accepted; /* by the oldest of them, so far */
    char *text;        /* the buyer, or the array of them */
} inside_t;

static bool refused(PGconn *connection, const char *what)
{
    return peer_fail("%s: %s", what, PQerrorMessage(connection));
}

static PGconn *connect_to(const peer_options_t *options)
{
    PGconn *connection = PQconnectdb(options->at);
    if (connection == NULL || PQstatus(connection) != CONNECTION_OK) {
        (void)refused(connection, "cannot connect");
        PQfinish(connection);
        return NULL;
    }
    return connection;
}

static bool done(PGconn *connection, PGresult *result, const char *what)
{
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || refused(connection, what);
}

static bool prepare(const peer_options_t *options)
{
    char stock[128];
    by_set = strcmp(options->mode, "set") == 0;
    if (!by_set && strcmp(options->mode, "each") != 0 && options->mode[0] != '\0') {
        return peer_fail("--mode: each or set");
    }
    PGconn *connection = connect_to(options);
    if (connection == NULL) {
        return false;
    }
    (void)snprintf(stock, sizeof stock, "INSERT INTO drops VALUES (1, %llu)",
                   (unsigned long long)options->stock);
    bool good = done(connection, PQexec(connection, SCHEMA), "schema") &&
                done(connection, PQexec(connection, stock), "stock") &&
                done(connection, PQexec(connection, "CHECKPOINT"), "checkpoint");
    PQfinish(connection);
    return good;
}

static bool open_link(const peer_options_t *options, peer_link_t *link)
{
    inside_t *inside = calloc(1, sizeof *inside);
    if (inside == NULL) {
        return peer_fail("no memory");
    }
    link->inside = inside;
    inside->slots = options->window / options->batch + 1;
    inside->asked = calloc(inside->slots, sizeof *inside->asked);
    inside->text = malloc((size_t)options->batch * (LOAD_USER_BYTES + 1) + 3);
    inside->connection = connect_to(options);
    if (inside->asked == NULL || inside->text == NULL || inside->connection == NULL) {
        return peer_fail("no memory");
    }
    link->fd = PQsocket(inside->connection);
    return done(inside->connection,
                PQprepare(inside->connection, "buy", by_set ? BUY_SET : BUY_EACH, 1, NULL), "prepare") &&
           ((PQsetnonblocking(inside->connection, 1) == 0 &&
             PQenterPipelineMode(inside->connection) == 1) ||
            refused(inside->connection, "pipeline mode"));
}

static bool send_call(const inside_t *inside)
{
    const char *values[] = {inside->text};
    return PQsendQueryPrepared(inside->connection, "buy", 1, values, NULL, NULL, 0) == 1 ||
           refused(inside->connection, "cannot ask");
}

/* "{name,name,...}" */
static bool ask_set(const inside_t *inside, uint64_t first, uint32_t count)
{
    char *at = inside->text;
    for (uint32_t i = 0; i < count; i++) {
        *at++ = i == 0 ? '{' : ',';
        (void)peer_buyer(first + i, at);
        at += LOAD_USER_BYTES;
    }
    *at++ = '}';
    *at = '\0';
    return send_call(inside);
}

static bool ask_each(const inside_t *inside, uint64_t first, uint32_t count)
{
    inside->text[LOAD_USER_BYTES] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        (void)peer_buyer(first + i, inside->text);
        if (!send_call(inside)) {
            return false;
        }
    }
    return true;
}

static bool ask(peer_link_t *link, uint64_t first, uint32_t count)
{
    inside_t *inside = link->inside;
    if (!(by_set ? ask_set(inside, first, count) : ask_each(inside, first, count))) {
        return false;
    }
    inside->asked[(inside->first + inside->transactions++) % inside->slots] = count;
    return PQpipelineSync(inside->connection) == 1 || refused(inside->connection, "cannot ask");
}

static bool write_link(peer_link_t *link, bool *ret_all)
{
    const inside_t *inside = link->inside;
    int some_left = PQflush(inside->connection);
    *ret_all = some_left == 0;
    return some_left >= 0 || refused(inside->connection, "cannot write");
}

/* A result of the oldest transaction; its last one is the commit. */
static bool take(peer_link_t *link, inside_t *inside, PGresult *result)
{
    switch ((int)PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
        inside->accepted += PQcmdTuples(result)[0] == '1' ? 1 : 0;
        return true;
    case PGRES_TUPLES_OK:
        inside->accepted += (uint32_t)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
        return true;
    case PGRES_PIPELINE_SYNC: {
        uint32_t count = inside->asked[inside->first];
        inside->first = inside->first + 1 == inside->slots ? 0 : inside->first + 1;
        inside->transactions--;
        peer_answered(link, count, inside->accepted);
        inside->accepted = 0;
        return true;
    }
    default:
        return peer_fail("refused: %s", PQresultErrorMessage(result));
    }
}

static bool read_link(peer_link_t *link)
{
    inside_t *inside = link->inside;
    bool good = PQconsumeInput(inside->connection) == 1 || refused(inside->connection, "cannot read");
    while (good && inside->transactions > 0 && PQisBusy(inside->connection) == 0) {
        PGresult *result = PQgetResult(inside->connection); /* NULL stands between two statements */
        good = result == NULL || take(link, inside, result);
        PQclear(result);
    }
    return good;
}

static void close_link(peer_link_t *link)
{
    inside_t *inside = link->inside;
    PQfinish(inside->connection);
    free(inside->asked);
    free(inside->text);
    free(inside);
}

static bool books(const peer_options_t *options, peer_books_t *ret_books)
{
    PGconn *connection = connect_to(options);
    if (connection == NULL) {
        return false;
    }
    PGresult *result = PQexec(connection, "SELECT remaining, (SELECT count(*) FROM orders) FROM drops");
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
    if (good) {
        ret_books->left = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
        ret_books->orders = strtoull(PQgetvalue(result, 0, 1), NULL, 10);
    } else {
        (void)refused(connection, "books");
    }
    PQclear(result);
    PQfinish(connection);
    return good;
}

const peer_kind_t PEER_KIND = {.name = "postgres",
                               .has_stock = true,
                               .has_batches = true,
                               .prepare = prepare,
                               .open = open_link,
                               .ask = ask,
                               .write = write_link,
                               .read = read_link,
                               .close = close_link,
                               .books = books};
