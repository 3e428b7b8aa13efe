#include "../../../perf/load/text.h"

#include <criterion/criterion.h>

static double rates[4];
static uint32_t count;
static double ramp_to;

static bool read_rates(const char *text)
{
    return load_text_rates("rate", text, 4, rates, &count, &ramp_to);
}

Test(load_text, a_rate_a_sweep_and_a_ramp_are_told_apart)
{
    cr_assert(read_rates("200000") && count == 1 && rates[0] == 200000 && ramp_to == 0);
    cr_assert(read_rates("0.5") && count == 1 && rates[0] == 0.5);
    cr_assert(read_rates("1,20,300.5") && count == 3 && rates[1] == 20 && rates[2] == 300.5 &&
              ramp_to == 0);
    cr_assert(read_rates("1000..2000.5") && count == 1 && rates[0] == 1000 && ramp_to == 2000.5);
}

Test(load_text, a_rate_that_is_none_is_refused)
{
    const char *const wrong[] = {"",       "0",    "-1",    "1,",  ",1",        "1..", "..1", "1..2,3",
                                 "1,2..3", "fast", "1e400", "1 2", "1,2,3,4,5", "nan", "1..0"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(!read_rates(wrong[i]), "'%s'", wrong[i]);
    }
}

Test(load_text, a_range_is_one_or_many)
{
    uint64_t first;
    uint64_t last;
    const char *at = "7:9";
    cr_assert(load_text_range(&at, &first, &last) && first == 7 && last == 7 && at[0] == ':');
    at = "7..12:9";
    cr_assert(load_text_range(&at, &first, &last) && first == 7 && last == 12 && at[0] == ':');
    const char *const wrong[] = {"", "..", "7..", "12..7", "x", "7..x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        at = wrong[i];
        cr_assert(!load_text_range(&at, &first, &last), "'%s'", wrong[i]);
    }
}

Test(load_text, fields_stand_behind_colons)
{
    uint64_t numbers[2] = {0, 0};
    cr_assert(load_text_fields("", numbers, 2) == 0);
    cr_assert(load_text_fields(":5", numbers, 2) == 1 && numbers[0] == 5);
    cr_assert(load_text_fields(":5:6", numbers, 2) == 2 && numbers[1] == 6);
    const char *const wrong[] = {":", ":5:", ":5:6:7", "5", ":x", ":5x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(load_text_fields(wrong[i], numbers, 2) == -1, "'%s'", wrong[i]);
    }
}

Test(load_text, a_number_keeps_to_its_bounds)
{
    uint64_t number;
    cr_assert(load_text_number("n", "10", 1, 10, &number) && number == 10);
    cr_assert(!load_text_number("n", "11", 1, 10, &number));
    cr_assert(!load_text_number("n", "0", 1, 10, &number));
    cr_assert(!load_text_number("n", "5x", 1, 10, &number));
    cr_assert(!load_text_number("n", "-5", 0, UINT64_MAX, &number));
}
