#include "session/marks.h"

#include <criterion/criterion.h>

Test(marks, each_slot_finds_the_turn_that_claimed_it)
{
    static slc_marks_t marks;
    slc_marks_put(&marks, 10, 100);
    slc_marks_put(&marks, 25, 200);
    slc_marks_put(&marks, 26, 300);
    cr_assert(slc_marks_of(&marks, 0)->at_ns == 100);
    cr_assert(slc_marks_of(&marks, 9)->at_ns == 100 && slc_marks_of(&marks, 9)->end == 10);
    cr_assert(slc_marks_of(&marks, 10)->at_ns == 200);
    cr_assert(slc_marks_of(&marks, 25)->at_ns == 300);
    cr_assert(slc_marks_of(&marks, 26) == NULL);
}

Test(marks, claims_of_one_turn_share_a_mark)
{
    static slc_marks_t marks;
    for (uint64_t end = 1; end <= 5 * SLC_MARKS; end++) {
        slc_marks_put(&marks, end, 100);
    }
    cr_assert(marks.put - marks.taken == 1);
    cr_assert(slc_marks_of(&marks, 5 * SLC_MARKS - 1)->at_ns == 100);
}

Test(marks, a_mark_that_is_used_up_makes_room_for_ever)
{
    static slc_marks_t marks;
    for (uint64_t turn = 1; turn <= 10 * SLC_MARKS; turn++) {
        slc_marks_put(&marks, turn, turn);
        cr_assert(slc_marks_of(&marks, turn - 1)->at_ns == turn);
    }
}

Test(marks, with_too_many_turns_under_way_the_newest_seem_older_and_none_is_lost)
{
    static slc_marks_t marks;
    uint64_t turns = SLC_MARKS + 10;
    for (uint64_t turn = 1; turn <= turns; turn++) {
        slc_marks_put(&marks, turn, turn);
    }
    for (uint64_t sequence = 0; sequence < turns; sequence++) {
        uint64_t claimed = sequence + 1;
        uint64_t told = slc_marks_of(&marks, sequence)->at_ns;
        cr_assert(told == (claimed < SLC_MARKS ? claimed : SLC_MARKS));
    }
}
