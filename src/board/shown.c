#include "board/shown.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

slc_shown_t *slc_shown_create(const slc_drop_info_t *drop)
{
    size_t name_bytes = strlen(drop->name) + 1;
    slc_shown_t *shown = calloc(1, sizeof *shown + name_bytes);
    SLC_CHECK(shown != NULL);
    shown->drop_id = drop->drop_id;
    shown->per_user_limit = drop->per_user_limit;
    shown->opens_at_us = drop->opens_at_us;
    shown->closes_at_us = drop->closes_at_us;
    memcpy(shown->name, drop->name, name_bytes);
    slc_shown_write(shown, drop);
    return shown;
}

bool slc_shown_is(const slc_shown_t *shown, const slc_drop_info_t *drop)
{
    return shown->per_user_limit == drop->per_user_limit && shown->opens_at_us == drop->opens_at_us &&
           shown->closes_at_us == drop->closes_at_us && strcmp(shown->name, drop->name) == 0;
}

void slc_shown_write(slc_shown_t *shown, const slc_drop_info_t *drop)
{
    /* relaxed: this thread alone writes it */
    uint64_t next = atomic_load_explicit(&shown->version, memory_order_relaxed) + 1;
    /* release each: not before the last version was stored, or a reader of that version could see this
     * cell change under it unnoticed (base/digest_pair.h) */
    atomic_store_explicit(&shown->cells[next & 1].stock, drop->stock, memory_order_release);
    atomic_store_explicit(&shown->cells[next & 1].remaining, drop->remaining, memory_order_release);
    atomic_store_explicit(&shown->cells[next & 1].orders, drop->orders, memory_order_release);
    atomic_store_explicit(&shown->cells[next & 1].cancelled_closed,
                          drop->cancelled * 2 + (drop->closed ? 1 : 0), memory_order_release);
    /* release: a reader of this version sees all four */
    atomic_store_explicit(&shown->version, next, memory_order_release);
}

void slc_shown_read(const slc_shown_t *shown, slc_drop_info_t *ret_drop)
{
    uint64_t stock;
    uint64_t remaining;
    uint64_t orders;
    uint64_t cancelled_closed;
    uint64_t version;
    /* acquire: with the release of the version, its cell */
    uint64_t seen = atomic_load_explicit(&shown->version, memory_order_acquire);
    /* Again only where the writer wrote meanwhile, which it does once a batch. */
    do {
        version = seen;
        /* acquire each: the second look at the version may not move in front of them */
        stock = atomic_load_explicit(&shown->cells[version & 1].stock, memory_order_acquire);
        remaining = atomic_load_explicit(&shown->cells[version & 1].remaining, memory_order_acquire);
        orders = atomic_load_explicit(&shown->cells[version & 1].orders, memory_order_acquire);
        cancelled_closed =
            atomic_load_explicit(&shown->cells[version & 1].cancelled_closed, memory_order_acquire);
        seen = atomic_load_explicit(&shown->version, memory_order_acquire);
    } while (seen != version);
    *ret_drop = (slc_drop_info_t){
        .drop_id = shown->drop_id,
        .stock = stock,
        .sold = stock - remaining,
        .remaining = remaining,
        .per_user_limit = shown->per_user_limit,
        .opens_at_us = shown->opens_at_us,
        .closes_at_us = shown->closes_at_us,
        .orders = orders,
        .cancelled = cancelled_closed / 2,
        .closed = (cancelled_closed & 1) != 0,
    };
    memcpy(ret_drop->name, shown->name, strlen(shown->name) + 1);
}
