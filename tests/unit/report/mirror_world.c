#include "mirror_world.h"

#include <sluice/report.h>

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 400000

world_t world;

static slc_error_t error;

static uint64_t applied(void *context)
{
    (void)context;
    return slc_logic_sequence(world.logic);
}

static uint64_t monotonic_ns(void *context)
{
    (void)context;
    world.past_a_cut += world.in_turn && atomic_load(&world.handover.given) != NULL;
    return world.now_ns;
}

void world_setup(void)
{
    world = (world_t){.now_ns = 1000 * SECOND_NS};
    strcpy(world.folder, "/tmp/slc-mirror-XXXXXX");
    cr_assert_not_null(mkdtemp(world.folder));
    (void)snprintf(world.path, sizeof world.path, "%s/report.db", world.folder);
    world.events = calloc(EVENTS_MAX, sizeof *world.events);
    cr_assert_not_null(world.events);
    slc_handover_init(&world.handover);
    world_begin(1, 3);
}

void world_teardown(void)
{
    world_drop_mirror();
    slc_logic_destroy(world.logic);
    slc_handover_finish(&world.handover);
    free(world.events);
    world_shell("rm -r %s", world.folder);
}

void world_begin(uint64_t seed, uint64_t drops)
{
    world_drop_mirror();
    slc_logic_destroy(world.logic);
    world.logic = slc_logic_create();
    cr_assert_not_null(world.logic);
    world.stream =
        (stream_t){.random = seed, .time_us = UINT64_C(1800000000000000), .drops = drops, .keys = 1000};
}

void world_apply(uint64_t events)
{
    for (uint64_t i = 0; i < events; i++) {
        slc_answer_t answer;
        slc_event_t event = stream_next(&world.stream);
        cr_assert_lt(event.sequence, EVENTS_MAX);
        world.events[event.sequence] = event;
        slc_logic_apply(world.logic, &event, &answer, NULL);
    }
}

static slc_logic_t *state_behind(uint64_t sequence)
{
    slc_logic_t *logic = slc_logic_create();
    cr_assert_not_null(logic);
    for (uint64_t i = 1; i <= sequence; i++) {
        slc_answer_t answer;
        slc_logic_apply(logic, &world.events[i], &answer, NULL);
    }
    return logic;
}

void world_go_back(uint64_t events)
{
    world_drop_mirror();
    slc_logic_destroy(world.logic);
    world.logic = state_behind(events);
    world.stream.sequence = events;
}

void world_open_mirror(uint32_t buffer_rows)
{
    world.mirror = slc_mirror_create(&(slc_mirror_config_t){.path = world.path,
                                                            .source = WORLD_SOURCE,
                                                            .handover = &world.handover,
                                                            .interval_ns = SECOND_NS,
                                                            .buffer_rows = buffer_rows,
                                                            .applied = applied,
                                                            .passed = applied,
                                                            .monotonic_ns = monotonic_ns});
    cr_assert_not_null(world.mirror);
}

void world_drop_mirror(void)
{
    slc_mirror_destroy(world.mirror);
    world.mirror = NULL;
    (void)slc_handover_leftover(&world.handover);
    (void)slc_handover_wanted(&world.handover);
    slc_logic_cut_end(world.logic, world.cut);
    world.cut = NULL;
}

void world_station_turn(void)
{
    slc_cut_t *back = slc_handover_returned(&world.handover);
    if (back != NULL) {
        slc_logic_cut_end(world.logic, back);
        world.cut = NULL;
    }
    if (world.cut == NULL && slc_handover_wanted(&world.handover)) {
        world.cut = slc_logic_cut_begin(world.logic);
        cr_assert_not_null(world.cut);
        while (slc_logic_cut_step(world.logic, 1) == SLC_CUT_MORE) {
        }
        world.cuts++;
        slc_handover_give(&world.handover, world.cut);
    }
}

bool world_settle(int turns)
{
    for (int i = 0; i < turns; i++) {
        world.in_turn = true;
        (void)slc_mirror_turn(world.mirror);
        world.in_turn = false;
        world_station_turn();
        world.now_ns += SECOND_NS;
        slc_mirror_status_t status = slc_mirror_status(world.mirror);
        if (status.state == SLC_MIRROR_CURRENT && status.lag_events == 0 &&
            world_covered() == slc_logic_sequence(world.logic)) {
            return true;
        }
    }
    return false;
}

/* ---- what the file shows ---- */

const char *world_ask(const char *sql)
{
    static char answer[256];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    answer[0] = '\0';
    if (sqlite3_open_v2(world.path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        (void)snprintf(answer, sizeof answer, "%s", text == NULL ? "NULL" : (const char *)text);
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    return answer;
}

uint64_t world_covered(void)
{
    return strtoull(world_ask("SELECT sequence FROM covered"), NULL, 10);
}

/* The same state as `replay export` would write it. */
static void export_state(const slc_logic_t *logic, const slc_covered_t *covered, const char *path)
{
    slc_report_t *report = NULL;
    slc_drop_info_t drop = {.drop_id = 0};
    (void)remove(path);
    cr_assert_eq(slc_report_open(path, SLC_REPORT_FRESH, &report, &error), SLC_OK, "%s", error.message);
    cr_assert_eq(slc_report_begin(report, &error), SLC_OK);
    while (slc_logic_next_drop(logic, drop.drop_id, &drop)) {
        slc_order_info_t order = {.order_id = 0};
        cr_assert_eq(slc_report_put_drop(report, &drop, &error), SLC_OK);
        while (slc_logic_next_order(logic, drop.drop_id, order.order_id, &order)) {
            cr_assert_eq(slc_report_put_order(report, &order, &error), SLC_OK);
        }
    }
    cr_assert_eq(slc_report_commit(report, covered, &error), SLC_OK);
    slc_report_close(report);
}

void world_expect_true(void)
{
    static const char *const shown[] = {"covered", "drops", "orders", "cancellations"};
    char other[128];
    char sql[400];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    uint64_t covered = world_covered();
    slc_logic_t *logic = state_behind(covered);
    (void)snprintf(other, sizeof other, "%s/expected.db", world.folder);
    export_state(logic, &(slc_covered_t){covered, slc_logic_digest(logic)}, other);
    slc_logic_destroy(logic);
    cr_assert_eq(sqlite3_open(world.path, &database), SQLITE_OK);
    (void)snprintf(sql, sizeof sql, "ATTACH '%s' AS expected", other);
    cr_assert_eq(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = covered == 0 ? 1 : 0; i < sizeof shown / sizeof shown[0]; i++) {
        (void)snprintf(sql, sizeof sql,
                       "SELECT count(*) FROM (SELECT * FROM (SELECT * FROM main.%s EXCEPT SELECT * FROM"
                       " expected.%s) UNION ALL SELECT * FROM (SELECT * FROM expected.%s EXCEPT SELECT *"
                       " FROM main.%s))",
                       shown[i], shown[i], shown[i], shown[i]);
        cr_assert_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK, "%s",
                     sqlite3_errmsg(database));
        cr_assert_eq(sqlite3_step(statement), SQLITE_ROW, "%s", sqlite3_errmsg(database));
        cr_assert_eq(sqlite3_column_int64(statement, 0), 0, "%s differ at sequence %llu", shown[i],
                     (unsigned long long)covered);
        (void)sqlite3_finalize(statement);
    }
    (void)sqlite3_close(database);
}

void world_shell(const char *format, ...)
{
    char command[500];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    cr_assert_eq(system(command), 0, "%s", command);
}
