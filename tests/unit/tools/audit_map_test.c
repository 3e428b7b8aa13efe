#include "../../../tools/replay/audit_map.h"

#include <criterion/criterion.h>

Test(audit_map, an_empty_map_has_nothing)
{
    audit_map_t map = {0};
    cr_assert(audit_map_first(&map, 0) == AUDIT_NONE);
    audit_map_finish(&map);
}

Test(audit_map, finds_everything_that_was_added_while_it_grows)
{
    audit_map_t map = {0};
    for (uint32_t i = 0; i < 100000; i++) {
        audit_map_add(&map, i * 2654435761u, i);
    }
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t at = audit_map_first(&map, i * 2654435761u);
        cr_assert(at != AUDIT_NONE && audit_map_value(&map, at) == i);
        cr_assert(audit_map_next(&map, at) == AUDIT_NONE);
    }
    cr_assert(audit_map_first(&map, 100001u * 2654435761u) == AUDIT_NONE);
    audit_map_finish(&map);
}

Test(audit_map, walks_all_of_one_hash_the_newest_first_and_no_neighbour)
{
    audit_map_t map = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        audit_map_add(&map, i % 2 == 0 ? 5 : 5 + 0x80000000u, i); /* one chain, two hashes */
    }
    uint32_t wanted = 998;
    uint32_t count = 0;
    for (uint32_t at = audit_map_first(&map, 5); at != AUDIT_NONE; at = audit_map_next(&map, at)) {
        cr_assert(audit_map_value(&map, at) == wanted);
        wanted -= 2;
        count++;
    }
    cr_assert(count == 500);
    audit_map_finish(&map);
}
