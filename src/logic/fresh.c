#include "logic/fresh.h"

#include "logic/core.h"

void slc_logic_fresh(const slc_logic_t *logic, slc_fresh_t *ret_fresh)
{
    ret_fresh->count = 0;
    slc_region_fresh(&logic->region, ret_fresh);
    slc_index_fresh(&logic->keys, ret_fresh);
    slc_index_fresh(&logic->users, ret_fresh);
    slc_index_fresh(&logic->cancels, ret_fresh);
    slc_index_fresh(&logic->drops.index, ret_fresh);
    slc_index_fresh(&logic->ops.index, ret_fresh);
}

void slc_logic_hold(slc_logic_t *logic, bool held)
{
    slc_index_hold(&logic->keys, held);
    slc_index_hold(&logic->users, held);
    slc_index_hold(&logic->cancels, held);
    slc_index_hold(&logic->drops.index, held);
    slc_index_hold(&logic->ops.index, held);
}
