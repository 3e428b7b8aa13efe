#include "board/board.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static slc_drop_info_t drop_with(uint64_t drop_id, uint64_t stock, uint64_t remaining, const char *name)
{
    slc_drop_info_t drop = {
        .drop_id = drop_id, .stock = stock, .sold = stock - remaining, .remaining = remaining};
    (void)snprintf(drop.name, sizeof drop.name, "%s", name);
    return drop;
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

static bool is_even(void *context, const slc_drop_info_t *drop)
{
    (void)context;
    return drop->drop_id % 2 == 0;
}

Test(list, a_drop_is_shown_with_all_that_it_has)
{
    slc_board_t *board = board_open();
    slc_drop_info_t drop = {.drop_id = 7,
                            .stock = 10,
                            .sold = 3,
                            .remaining = 7,
                            .per_user_limit = 2,
                            .opens_at_us = 11,
                            .closes_at_us = 12,
                            .orders = 4,
                            .cancelled = 1,
                            .name = "shoes"};
    slc_drop_info_t shown;
    slc_board_update(board, 7, &drop);
    cr_assert(slc_board_drop(board, 7, &shown));
    /* Field by field: what lies between them is nobody's. */
    cr_assert(shown.drop_id == 7 && shown.stock == 10 && shown.sold == 3 && shown.remaining == 7);
    cr_assert(shown.per_user_limit == 2 && shown.opens_at_us == 11 && shown.closes_at_us == 12);
    cr_assert(shown.orders == 4 && shown.cancelled == 1 && !shown.closed);
    cr_assert_str_eq(shown.name, "shoes");
    drop.closed = true;
    slc_board_update(board, 7, &drop);
    cr_assert(slc_board_drop(board, 7, &shown) && shown.closed && shown.cancelled == 1);
    cr_assert_not(slc_board_drop(board, 8, &shown));
    cr_assert_not(slc_board_drop(board, 0, &shown));
    board_close(board);
}

Test(list, another_drop_under_the_number_of_a_purged_one_has_its_own_name)
{
    slc_board_t *board = board_open();
    slc_drop_info_t first = drop_with(1, 5, 0, "first");
    slc_drop_info_t second = drop_with(1, 9, 9, "the second");
    slc_drop_info_t shown;
    slc_board_update(board, 1, &first);
    slc_board_update(board, 1, NULL);
    cr_assert_not(slc_board_drop(board, 1, &shown));
    slc_board_update(board, 1, &first);
    slc_board_update(board, 1, &second); /* purged and opened anew within one batch */
    cr_assert(slc_board_drop(board, 1, &shown) && shown.stock == 9);
    cr_assert_str_eq(shown.name, "the second");
    board_close(board);
}

Test(list, pages_are_in_order_and_complete_through_growth_and_purging)
{
    enum { DROPS = 20000, PAGE = 97 };
    slc_board_t *board = board_open();
    for (uint64_t i = 0; i < DROPS; i++) {
        uint64_t id = 1 + (i * 7919) % DROPS; /* 7919 and 20000 have no common factor */
        slc_drop_info_t drop = drop_with(id, id, id, "");
        slc_board_update(board, id, &drop);
    }
    for (uint64_t id = 3; id <= DROPS; id += 3) {
        slc_board_update(board, id, NULL);
    }
    slc_board_publish(board, 42, 0);
    uint64_t left = DROPS - DROPS / 3;
    uint64_t after = 0;
    slc_drop_list_t list = {.count = PAGE};
    while (list.count == PAGE) {
        cr_assert(slc_board_list(board, after, PAGE, NULL, NULL, &list));
        cr_assert(list.found == left && list.sequence == 42);
        for (size_t i = 0; i < list.count; i++) {
            uint64_t next = after + ((after + 1) % 3 == 0 ? 2 : 1);
            cr_assert(list.drops[i].drop_id == next && list.drops[i].remaining == next);
            after = next;
            left--;
        }
        slc_drop_list_free(&list);
    }
    cr_assert(left == 0);
    board_close(board);
}

Test(list, who_asks_for_some_is_told_how_many_of_those_there_are)
{
    slc_board_t *board = board_open();
    for (uint64_t id = 1; id <= 10; id++) {
        slc_drop_info_t drop = drop_with(id, id, id, "");
        slc_board_update(board, id, &drop);
    }
    slc_drop_list_t list;
    cr_assert(slc_board_list(board, 3, 2, is_even, NULL, &list));
    cr_assert(list.found == 4 && list.count == 2);
    cr_assert(list.drops[0].drop_id == 4 && list.drops[1].drop_id == 6);
    slc_drop_list_free(&list);
    cr_assert(slc_board_list(board, 0, 0, NULL, NULL, &list));
    cr_assert(list.found == 10 && list.count == 0);
    slc_drop_list_free(&list);
    board_close(board);
}

/* A writer sells, purges and opens anew, under growing tables; what a reader sees of one drop has to be
 * of one moment: units add up, orders are the units sold, and the name is that of the stock. */
typedef struct race {
    slc_board_t *board;
    _Atomic bool wrong;
    _Atomic bool stop;
} race_t;

static bool is_whole(const slc_drop_info_t *drop)
{
    char name[32];
    (void)snprintf(name, sizeof name, "of %lu", (unsigned long)drop->stock);
    return drop->sold + drop->remaining == drop->stock && drop->orders == drop->sold &&
           strcmp(drop->name, name) == 0;
}

static void *read_all_the_time(void *context)
{
    race_t *race = context;
    slc_board_reader_register();
    while (!atomic_load(&race->stop)) {
        slc_drop_list_t list;
        slc_drop_info_t drop;
        bool good = slc_board_list(race->board, 0, 50, NULL, NULL, &list);
        for (size_t i = 0; good && i < list.count; i++) {
            good =
                is_whole(&list.drops[i]) && (i == 0 || list.drops[i - 1].drop_id < list.drops[i].drop_id);
        }
        slc_drop_list_free(&list);
        if (!good || (slc_board_drop(race->board, 1, &drop) && !is_whole(&drop))) {
            atomic_store(&race->wrong, true);
        }
        slc_board_reader_quiescent();
    }
    slc_board_reader_unregister();
    return NULL;
}

Test(list, a_reader_beside_the_writer_sees_each_drop_whole)
{
    race_t race = {.board = board_open()};
    pthread_t reader;
    slc_board_reader_sleeps();
    cr_assert(pthread_create(&reader, NULL, read_all_the_time, &race) == 0);
    for (uint64_t round = 1; round <= 200; round++) {
        for (uint64_t id = 1; id <= 40 + round; id++) {
            char name[32];
            uint64_t stock = 1000 * round + id;
            (void)snprintf(name, sizeof name, "of %lu", (unsigned long)stock);
            slc_drop_info_t drop = drop_with(id, stock, stock, name);
            slc_board_update(race.board, id, NULL);
            for (uint64_t sold = 0; sold < 20; sold++) {
                drop.sold = drop.orders = sold;
                drop.remaining = stock - sold;
                slc_board_update(race.board, id, &drop);
            }
        }
    }
    atomic_store(&race.stop, true);
    cr_assert(pthread_join(reader, NULL) == 0);
    cr_assert_not(atomic_load(&race.wrong));
    board_close(race.board);
}
