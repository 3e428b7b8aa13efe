#include "twins.h"

#include <stdlib.h>
#include <string.h>

void load_twins_init(load_twins_t *twins)
{
    *twins = (load_twins_t){.list = NULL};
}

void load_twins_finish(load_twins_t *twins)
{
    free(twins->list);
    load_twins_init(twins);
}

uint32_t load_twins_begin(load_twins_t *twins, uint64_t number)
{
    if (twins->free == 0) {
        uint32_t capacity = twins->capacity * 2 + 64;
        load_twin_t *list = realloc(twins->list, capacity * sizeof *list);
        if (list == NULL) {
            return 0;
        }
        for (uint32_t i = twins->capacity; i < capacity; i++) {
            list[i].next = i + 1 < capacity ? i + 2 : 0;
        }
        twins->free = twins->capacity + 1;
        twins->list = list;
        twins->capacity = capacity;
    }
    uint32_t twin = twins->free;
    twins->free = load_twins_at(twins, twin)->next;
    *load_twins_at(twins, twin) = (load_twin_t){.number = number};
    return twin;
}

void load_twins_end(load_twins_t *twins, uint32_t twin)
{
    load_twins_at(twins, twin)->next = twins->free;
    twins->free = twin;
}

void load_twins_queue(load_twins_t *twins, uint32_t twin)
{
    load_twins_at(twins, twin)->next = 0;
    if (twins->first == 0) {
        twins->first = twin;
    } else {
        load_twins_at(twins, twins->last)->next = twin;
    }
    twins->last = twin;
}

void load_twins_unqueue_first(load_twins_t *twins)
{
    twins->first = load_twins_at(twins, twins->first)->next;
}

/* One bought, the other did not. */
static bool agree_on_one(const load_twin_t *twin, slc_status_t refusal, bool ours)
{
    /* Only where the second copy went out behind the first answer is known which was decided first. */
    bool bought_first = twin->in_turn && twin->status == SLC_STATUS_ACCEPTED;
    if (refusal == SLC_STATUS_OVERLOADED) { /* nothing was looked up */
        return true;
    }
    if (refusal == SLC_STATUS_READ_ONLY) {
        return !bought_first;
    }
    if (refusal == SLC_STATUS_CANCELLED || refusal == SLC_STATUS_UNKNOWN_DROP) { /* an operator's work */
        return !ours;
    }
    return !ours && !bought_first;
}

bool load_twins_agree(const load_twin_t *twin, const slc_buy_reply_t *second, bool ours)
{
    bool first_bought = twin->status == SLC_STATUS_ACCEPTED;
    bool second_bought = second->status == SLC_STATUS_ACCEPTED;
    if (first_bought && second_bought) {
        return twin->order_id == second->order_id && (twin->replayed || second->replayed);
    }
    if (first_bought || second_bought) {
        return agree_on_one(twin, first_bought ? second->status : twin->status, ours);
    }
    return !ours || (twin->status != SLC_STATUS_CONFLICT && second->status != SLC_STATUS_CONFLICT);
}
