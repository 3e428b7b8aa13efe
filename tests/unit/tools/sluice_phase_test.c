#include "../../../tools/sluice/phase.h"

#include <criterion/criterion.h>

Test(sluice_phase, is_what_a_buyer_meets_at_that_moment)
{
    slc_drop_info_t drop = {.remaining = 5, .opens_at_us = 100, .closes_at_us = 200};
    cr_assert(sluice_phase_of(&drop, 99) == SLUICE_PHASE_LATER);
    cr_assert(sluice_phase_of(&drop, 100) == SLUICE_PHASE_OPEN);
    cr_assert(sluice_phase_of(&drop, 199) == SLUICE_PHASE_OPEN);
    cr_assert(sluice_phase_of(&drop, 200) == SLUICE_PHASE_CLOSED);
    drop.remaining = 0;
    cr_assert(sluice_phase_of(&drop, 150) == SLUICE_PHASE_SOLD_OUT);
    drop.closes_at_us = 0;
    cr_assert(sluice_phase_of(&drop, UINT64_MAX) == SLUICE_PHASE_SOLD_OUT);
    drop.closed = true;
    cr_assert(sluice_phase_of(&drop, 0) == SLUICE_PHASE_CLOSED);
}
