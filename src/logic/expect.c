#include "logic/expect.h"

#include "logic/core.h"

void slc_logic_expect(slc_logic_t *logic, uint64_t done, uint64_t total)
{
    slc_index_expect(&logic->keys, done, total);
    slc_index_expect(&logic->users, done, total);
    slc_index_expect(&logic->cancels, done, total);
    slc_index_expect(&logic->drops.index, done, total);
    slc_index_expect(&logic->ops.index, done, total);
}
