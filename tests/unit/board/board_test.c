#include "board/board.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

static slc_drop_info_t drop_with(uint64_t drop_id, uint64_t remaining)
{
    return (slc_drop_info_t){.drop_id = drop_id, .stock = remaining, .remaining = remaining};
}

static slc_board_t *board_open(void)
{
    slc_board_reader_register();
    return slc_board_create();
}

static void board_close(slc_board_t *board)
{
    slc_board_reader_unregister();
    slc_board_destroy(board);
}

Test(board, a_drop_that_nobody_opened_is_a_certain_refusal)
{
    slc_board_t *board = board_open();
    slc_hint_t hint;
    slc_board_publish(board, 17, 1000);
    cr_assert(slc_board_hint(board, 1, 1, &hint));
    cr_assert(hint.sequence == 17 && hint.until_us == UINT64_MAX);
    board_close(board);
}

Test(board, units_that_are_left_are_no_refusal_and_one_unit_more_is)
{
    slc_board_t *board = board_open();
    slc_drop_info_t drop = drop_with(1, 3);
    slc_hint_t hint;
    slc_board_update(board, 1, &drop);
    slc_board_publish(board, 1, 1000);
    cr_assert_not(slc_board_hint(board, 1, 3, &hint));
    cr_assert(slc_board_hint(board, 1, 4, &hint));
    board_close(board);
}

Test(board, a_restock_takes_the_sold_out_flag_away)
{
    slc_board_t *board = board_open();
    slc_drop_info_t drop = drop_with(1, 0);
    slc_hint_t hint;
    slc_board_update(board, 1, &drop);
    slc_board_publish(board, 5, 1000);
    cr_assert(slc_board_hint(board, 1, 1, &hint) && hint.sequence == 5);
    drop.remaining = 1;
    slc_board_update(board, 1, &drop);
    slc_board_publish(board, 6, 1000);
    cr_assert_not(slc_board_hint(board, 1, 1, &hint));
    board_close(board);
}

Test(board, a_drop_that_opens_later_is_refused_until_its_hour_and_no_longer)
{
    slc_board_t *board = board_open();
    slc_drop_info_t drop = drop_with(1, 10);
    slc_hint_t hint;
    drop.opens_at_us = 2000;
    slc_board_update(board, 1, &drop);
    slc_board_publish(board, 1, 1999);
    cr_assert(slc_board_hint(board, 1, 1, &hint));
    cr_assert(hint.until_us == 2000);
    slc_board_publish(board, 1, 2000);
    cr_assert_not(slc_board_hint(board, 1, 1, &hint));
    board_close(board);
}

Test(board, a_drop_whose_end_has_come_is_refused_for_good)
{
    slc_board_t *board = board_open();
    slc_drop_info_t drop = drop_with(1, 10);
    slc_hint_t hint;
    drop.closes_at_us = 2000;
    slc_board_update(board, 1, &drop);
    slc_board_publish(board, 1, 1999);
    cr_assert_not(slc_board_hint(board, 1, 1, &hint));
    slc_board_publish(board, 1, 2000);
    cr_assert(slc_board_hint(board, 1, 1, &hint) && hint.until_us == UINT64_MAX);
    board_close(board);
}

Test(board, a_closed_drop_and_a_purged_one_are_refused)
{
    slc_board_t *board = board_open();
    slc_drop_info_t drop = drop_with(1, 10);
    slc_hint_t hint;
    drop.closed = true;
    slc_board_update(board, 1, &drop);
    cr_assert(slc_board_hint(board, 1, 1, &hint));
    slc_board_update(board, 1, NULL);
    cr_assert(slc_board_hint(board, 1, 1, &hint));
    board_close(board);
}

Test(board, a_purged_drop_can_be_opened_again)
{
    slc_board_t *board = board_open();
    slc_drop_info_t drop = drop_with(1, 10);
    slc_hint_t hint;
    slc_board_update(board, 1, &drop);
    slc_board_update(board, 1, NULL);
    slc_board_update(board, 1, &drop);
    cr_assert_not(slc_board_hint(board, 1, 10, &hint));
    board_close(board);
}

Test(board, a_hundred_thousand_drops_keep_their_numbers_through_all_growth_and_purging)
{
    slc_board_t *board = board_open();
    slc_hint_t hint;
    enum { DROPS = 100000 };
    for (uint64_t id = 1; id <= DROPS; id++) {
        slc_drop_info_t drop = drop_with(id, id);
        slc_board_update(board, id, &drop);
        if (id % 3 == 0) {
            slc_board_update(board, id / 3, NULL);
        }
    }
    for (uint64_t id = 1; id <= DROPS; id++) {
        bool purged = id <= DROPS / 3;
        cr_assert(slc_board_hint(board, id, id, &hint) == purged, "drop %lu", (unsigned long)id);
        cr_assert(slc_board_hint(board, id, id + 1, &hint));
    }
    board_close(board);
}

/* A writer opens drop after drop, each with as many units as its number, so that tables grow and go under
 * the reader. What the reader may never see: a drop with another drop's units, or a drop missing at a
 * sequence at which it had been opened. */
typedef struct race {
    slc_board_t *board;
    _Atomic bool wrong;
    _Atomic bool stop;
} race_t;

enum { RACE_DROPS = 30000 };

static void *read_all_the_time(void *context)
{
    race_t *race = context;
    slc_board_reader_register();
    uint64_t id = 1;
    while (!atomic_load(&race->stop)) {
        slc_hint_t hint;
        uint64_t opened = slc_board_sequence(race->board);
        id = opened == 0 ? 1 : 1 + (id * 7919) % opened;
        bool refused_what_is_there = slc_board_hint(race->board, id, id, &hint);
        bool sold_what_is_not = !slc_board_hint(race->board, id, id + 1, &hint);
        if (opened >= id && (refused_what_is_there || sold_what_is_not)) {
            atomic_store(&race->wrong, true);
        }
        slc_board_reader_quiescent();
    }
    slc_board_reader_unregister();
    return NULL;
}

Test(board, a_reader_beside_growth_never_sees_a_wrong_or_missing_drop)
{
    race_t race = {.board = board_open()};
    pthread_t reader;
    slc_board_reader_sleeps();
    cr_assert(pthread_create(&reader, NULL, read_all_the_time, &race) == 0);
    for (uint64_t id = 1; id <= RACE_DROPS; id++) {
        slc_drop_info_t drop = drop_with(id, id);
        slc_board_update(race.board, id, &drop);
        slc_board_publish(race.board, id, 0);
    }
    atomic_store(&race.stop, true);
    cr_assert(pthread_join(reader, NULL) == 0);
    cr_assert_not(atomic_load(&race.wrong));
    board_close(race.board);
}
