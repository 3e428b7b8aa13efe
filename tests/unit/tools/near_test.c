#include "../../../tools/common/near.h"

#include <criterion/criterion.h>

static const char *nearest(const char *wanted)
{
    static const char *const names[] = {"open", "adjust", "close", "purge", "show", "list", "per-user"};
    near_t near;
    near_begin(&near, wanted);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        near_consider(&near, names[i]);
    }
    return near.nearest;
}

Test(near, one_slip_in_a_short_name_is_forgiven)
{
    cr_assert_str_eq(nearest("opne"), "open"); /* two letters changed places */
    cr_assert_str_eq(nearest("clos"), "close");
    cr_assert_str_eq(nearest("lists"), "list");
    cr_assert_str_eq(nearest("shaw"), "show");
    cr_assert_str_eq(nearest("open"), "open");
    cr_assert_null(nearest("onpe")); /* two slips */
}

Test(near, one_letter_in_three_of_a_long_name_may_differ)
{
    cr_assert_str_eq(nearest("peruser"), "per-user");
    cr_assert_str_eq(nearest("per-xxer"), "per-user");
    cr_assert_null(nearest("xxx-xser"));
}

Test(near, what_is_nothing_or_too_long_is_near_to_nothing)
{
    cr_assert_null(nearest(""));
    cr_assert_null(nearest("openopenopenopenopenopenopenopenopen"));
    near_t near;
    near_begin(&near, "open");
    near_consider(&near, "a-candidate-that-is-longer-than-any-name-can-be");
    cr_assert_null(near.nearest);
}

Test(near, the_first_of_equally_near_ones_stays)
{
    near_t near;
    near_begin(&near, "cat");
    near_consider(&near, "bat");
    near_consider(&near, "hat");
    cr_assert_str_eq(near.nearest, "bat");
    near_consider(&near, "cat");
    cr_assert_str_eq(near.nearest, "cat");
}
