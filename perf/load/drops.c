#include "drops.h"

#include "../../tools/common/called.h"
#include "text.h"

#include <stdio.h>

load_drop_t *load_drops_of(load_workload_t *workload, uint64_t drop_id)
{
    for (uint32_t i = 0; i < workload->drop_count; i++) {
        if (workload->drops[i].drop_id == drop_id) {
            return &workload->drops[i];
        }
    }
    if (workload->drop_count == LOAD_DROPS_MAX) {
        called_say("load", "load: at most %d drops\n", LOAD_DROPS_MAX);
        return NULL;
    }
    load_drop_t *drop = &workload->drops[workload->drop_count++];
    *drop = (load_drop_t){.drop_id = drop_id, .weight = 1};
    return drop;
}

/* ID or FIRST..LAST with up to `max` numbers behind it, each after a colon, to all those drops. */
static bool parse_drops(const char *text, int max, uint64_t *ret_first, uint64_t *ret_last,
                        uint64_t *ret_numbers, int *ret_count)
{
    const char *at = text;
    if (!load_text_range(&at, ret_first, ret_last) || *ret_first == 0 ||
        *ret_last - *ret_first >= LOAD_DROPS_MAX) {
        return false;
    }
    *ret_count = load_text_fields(at, ret_numbers, max);
    return *ret_count >= 0;
}

bool load_drops_parse_drop(load_workload_t *workload, const char *text)
{
    uint64_t first;
    uint64_t last;
    uint64_t weight = 1;
    int count;
    if (!parse_drops(text, 1, &first, &last, &weight, &count) || weight == 0 || weight > UINT32_MAX) {
        return load_text_complain("drop", text, "needs ID or FIRST..LAST, then :WEIGHT, all above 0");
    }
    for (uint64_t id = first; id <= last; id++) {
        load_drop_t *drop = load_drops_of(workload, id);
        if (drop == NULL) {
            return false;
        }
        drop->weight = weight;
    }
    return true;
}

bool load_drops_parse_open(load_workload_t *workload, const char *text)
{
    uint64_t first;
    uint64_t last;
    uint64_t numbers[2] = {0, 0};
    int count;
    if (!parse_drops(text, 2, &first, &last, numbers, &count) || count < 1) {
        return load_text_complain("open", text,
                                  "needs ID or FIRST..LAST, then :STOCK or :STOCK:PER_USER");
    }
    for (uint64_t id = first; id <= last; id++) {
        load_drop_t *drop = load_drops_of(workload, id);
        if (drop == NULL) {
            return false;
        }
        drop->opened = true;
        drop->stock = numbers[0];
        drop->per_user = numbers[1];
    }
    return true;
}
