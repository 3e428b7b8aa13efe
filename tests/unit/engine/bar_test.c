#include "engine/bar.h"

#include <criterion/criterion.h>

#include <string.h>

static char line[160];

static const char *written(uint64_t done, uint64_t total, uint64_t events, uint64_t spent_ms)
{
    slc_bar_write(done, total, events, spent_ms, line, sizeof line);
    return line;
}

Test(bar, tells_share_rate_and_time_left)
{
    cr_assert_str_eq(written(25, 100, 4000000, 2000),
                     "replaying [######..................]  25%  2.00 million events/s  6 s left");
    cr_assert_str_eq(written(100, 100, 8000000, 4000),
                     "replaying [########################] 100%  2.00 million events/s  0 s left");
}

Test(bar, guesses_nothing_from_nothing)
{
    cr_assert_str_eq(written(0, 100, 0, 2000), "replaying [........................]   0%");
    cr_assert_str_eq(written(50, 100, 10, 0), "replaying [############............]  50%");
}

Test(bar, a_journal_that_grew_is_all_of_it_and_an_empty_one_too)
{
    cr_assert(strstr(written(120, 100, 1, 1000), "[########################] 100%") != NULL);
    cr_assert(strstr(written(0, 0, 0, 1000), "100%") != NULL);
}

Test(bar, stays_within_what_there_is_room_for)
{
    char small[12];
    memset(small, 'x', sizeof small);
    slc_bar_write(50, 100, 1, 1000, small, sizeof small);
    cr_assert_eq(strlen(small), sizeof small - 1);
}
