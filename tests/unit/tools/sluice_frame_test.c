#include "../../../tools/sluice/frame.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static slc_drop_info_t drops[3];

static sluice_look_t look_at(uint64_t at_ns, uint64_t orders_of_first)
{
    static slc_drop_info_t lists[2][3];
    static int next;
    slc_drop_info_t *list = lists[next++ % 2];
    memcpy(list, drops, sizeof drops);
    list[0].orders = orders_of_first;
    sluice_look_t look = {.good = true, .at_ns = at_ns, .time_us = 1000000, .drops = list, .count = 3};
    look.engine.drops = 3;
    look.engine.orders = orders_of_first;
    look.engine.applied_sequence = 100 + orders_of_first;
    look.engine.uptime_us = at_ns / 1000;
    (void)strcpy(look.engine.version, "9.9.9");
    return look;
}

static void start(void)
{
    memset(drops, 0, sizeof drops);
    drops[0] = (slc_drop_info_t){.drop_id = 1, .stock = 1000, .remaining = 1, .name = "Schuhe \xc3\xbc"};
    drops[1] = (slc_drop_info_t){.drop_id = 2, .stock = 10, .remaining = 0};
    drops[2] = (slc_drop_info_t){.drop_id = 30, .stock = 1509758, .remaining = 1509757};
}

TestSuite(sluice_frame, .init = start);

__attribute__((noinline)) static char *frame_of(const sluice_look_t *now, const sluice_look_t *before,
                                                int width, int height, bool colour)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    const sluice_style_t style = {.width = width, .height = height, .colour = colour};
    sluice_frame_write(now, before, &style, out);
    (void)fclose(out);
    return text;
}

Test(sluice_frame, rates_are_what_changed_by_the_time_between)
{
    sluice_look_t before = look_at(SECOND, 100);
    sluice_look_t now = look_at(3 * SECOND, 500);
    sluice_rates_t rates = sluice_frame_rates(&now, &before);
    cr_assert(rates.known);
    cr_assert_float_eq(rates.orders, 200.0, 1e-9);
    cr_assert_float_eq(rates.events, 200.0, 1e-9);
}

Test(sluice_frame, refusals_are_shown_with_their_rate_which_is_never_negative)
{
    sluice_look_t before = look_at(SECOND, 100);
    sluice_look_t now = look_at(3 * SECOND, 100);
    before.engine.buys_refused = 5000;
    now.engine.buys_refused = 7000;
    cr_assert_float_eq(sluice_frame_rates(&now, &before).refusals, 1000.0, 1e-9);
    char *text = frame_of(&now, &before, 120, 0, false);
    cr_assert(strstr(text, "refusals 7,000 (1,000/s)") != NULL, "%s", text);
    free(text);
    text = frame_of(&now, NULL, 120, 0, false);
    cr_assert(strstr(text, "refusals 7,000  ") != NULL, "%s", text);
    free(text);
    now.engine.buys_refused = 4000; /* counted by threads that go on counting meanwhile */
    cr_assert_float_eq(sluice_frame_rates(&now, &before).refusals, 0.0, 1e-9);
}

Test(sluice_frame, a_purge_is_no_negative_rate)
{
    sluice_look_t before = look_at(SECOND, 100);
    sluice_look_t now = look_at(2 * SECOND, 150);
    before.engine.orders = 100000; /* of a drop that is gone */
    cr_assert_float_eq(sluice_frame_rates(&now, &before).orders, 50.0, 1e-9);
    now.engine.drops = 5000; /* more than are listed: only the totals are left */
    cr_assert_float_eq(sluice_frame_rates(&now, &before).orders, 0.0, 1e-9);
    now.engine.orders = 100200;
    cr_assert_float_eq(sluice_frame_rates(&now, &before).orders, 200.0, 1e-9);
}

Test(sluice_frame, orders_of_a_drop_that_is_new_count_from_nothing)
{
    sluice_look_t before = look_at(SECOND, 100);
    sluice_look_t now = look_at(2 * SECOND, 100);
    before.count = 2;
    ((slc_drop_info_t *)(uintptr_t)now.drops)[2].orders = 7;
    cr_assert_float_eq(sluice_frame_rates(&now, &before).orders, 7.0, 1e-9);
}

Test(sluice_frame, there_is_no_rate_without_two_looks_at_one_server)
{
    sluice_look_t before = look_at(2 * SECOND, 100);
    sluice_look_t now = look_at(3 * SECOND, 200);
    cr_assert_not(sluice_frame_rates(&now, NULL).known);
    before.good = false;
    cr_assert_not(sluice_frame_rates(&now, &before).known);
    before = look_at(2 * SECOND, 100);
    now = look_at(3 * SECOND, 200);
    now.engine.uptime_us = 1; /* it was started again */
    cr_assert_not(sluice_frame_rates(&now, &before).known);
    now = look_at(2 * SECOND, 200);
    cr_assert_not(sluice_frame_rates(&now, &before).known, "no time has passed");
}

Test(sluice_frame, a_bar_is_full_or_empty_only_where_that_is_true)
{
    sluice_look_t now = look_at(SECOND, 0);
    char *text = frame_of(&now, NULL, 100, 0, false);
    cr_assert(strstr(text, "[#..") != NULL && strstr(text, "]   1%") != NULL, "one of 1000 is left:\n%s",
              text);
    cr_assert(strstr(text, "[...") != NULL && strstr(text, "]   0%") != NULL, "sold out:\n%s", text);
    cr_assert(strstr(text, ".]  99%") != NULL && strstr(text, "100%") == NULL, "one is sold:\n%s", text);
    free(text);
}

Test(sluice_frame, what_can_be_bought_stands_first)
{
    sluice_look_t now = look_at(SECOND, 0);
    char *text = frame_of(&now, NULL, 100, 0, false);
    size_t first = (size_t)(strstr(text, "\n   1  open") - text);
    size_t second = (size_t)(strstr(text, "\n  30  open") - text);
    size_t third = (size_t)(strstr(text, "\n   2  sold out") - text);
    cr_assert(first < second && second < third && third < strlen(text), "%s", text);
    free(text);
}

Test(sluice_frame, no_line_is_wider_than_the_terminal_and_no_frame_higher)
{
    sluice_look_t now = look_at(2 * SECOND, 50);
    sluice_look_t before = look_at(SECOND, 0);
    (void)strcpy(now.engine.read_only,
                 "less than 128.0 MiB are free on the disk, which is too little to go on");
    (void)strcpy(now.engine.snapshot_error, "no room");
    for (int width = 20; width <= 160; width++) {
        for (int height = 1; height <= 40; height++) {
            char *text = frame_of(&now, &before, width, height, false);
            int rows = 0;
            for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
                int columns = 0;
                for (const char *at = line; *at != '\0'; at++) {
                    columns += ((unsigned char)*at & 0xc0) != 0x80 ? 1 : 0;
                }
                cr_assert(columns <= width, "%d columns in %d: %s", columns, width, line);
                rows++;
            }
            cr_assert(height < 20 || rows <= height);
            free(text);
        }
    }
}

Test(sluice_frame, what_does_not_fit_is_counted)
{
    sluice_look_t now = look_at(SECOND, 0);
    now.engine.drops = 2003;
    char *text = frame_of(&now, NULL, 100, 0, false);
    cr_assert(strstr(text, "and 2,000 more: sluice drop list\n") != NULL, "%s", text);
    free(text);
    now.engine.drops = 3;
    text = frame_of(&now, NULL, 100, 6, false);
    cr_assert(strstr(text, "and 2 more: sluice drop list\n") != NULL, "%s", text);
    cr_assert(strstr(text, "   1  open") != NULL, "%s", text);
    free(text);
}

Test(sluice_frame, colours_stand_only_where_they_are_wanted)
{
    sluice_look_t now = look_at(SECOND, 0);
    char *plain = frame_of(&now, NULL, 100, 0, false);
    char *coloured = frame_of(&now, NULL, 100, 0, true);
    cr_assert_null(strchr(plain, '\033'));
    cr_assert(strstr(coloured, "\033[32msells\033[0m") != NULL);
    cr_assert(strstr(coloured, "\033[33mopen") != NULL, "little is left");
    cr_assert(strstr(coloured, "\033[31msold out") != NULL);
    free(plain);
    free(coloured);
}

Test(sluice_frame, a_look_that_failed_shows_the_last_one_and_says_why)
{
    sluice_look_t before = look_at(SECOND, 5);
    sluice_look_t now = {.at_ns = 4 * SECOND, .error = "the server went away"};
    char *text = frame_of(&now, &before, 60, 0, false);
    cr_assert(strncmp(text, "NO ANSWER  for 3 s; as it was then:\nthe server went away\n", 57) == 0, "%s",
              text);
    cr_assert(strstr(text, "orders 5  ") != NULL);
    free(text);
    text = frame_of(&now, NULL, 60, 0, false);
    cr_assert_str_eq(text, "NO ANSWER\nthe server went away\n\n");
    free(text);
}

Test(sluice_frame, without_a_drop_it_says_how_to_open_one)
{
    sluice_look_t now = look_at(SECOND, 0);
    now.count = 0;
    now.engine.drops = 0;
    char *text = frame_of(&now, NULL, 100, 0, false);
    cr_assert(strstr(text, "no drop yet: sluice drop open 1 --stock N\n") != NULL, "%s", text);
    free(text);
}
