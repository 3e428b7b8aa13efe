/* What people beside the path may see of one drop, all of it from one moment. What can change stands in
 * two cells in turn, as in base/digest_pair.h; the rest never does: another drop under the same number is
 * another record.
 * Threads: create, write and retire are the board's writer's; read is any reader's that is registered and
 *   awake since it found the record.
 * Ownership: create; retire frees behind a grace period, destroy at once.
 * Failure: create without memory stops the process, as the board does. */
#ifndef SLC_BOARD_SHOWN_H
#define SLC_BOARD_SHOWN_H

#include <sluice/state.h>

#include <stdatomic.h>
#include <urcu-qsbr.h>

typedef struct slc_shown {
    struct rcu_head rcu; /* first */
    _Atomic uint64_t version;
    struct {
        _Atomic uint64_t stock;
        _Atomic uint64_t remaining;
        _Atomic uint64_t orders;
        _Atomic uint64_t cancelled_closed; /* twice the number of cancelled orders, and 1: closed */
    } cells[2];
    uint64_t drop_id;
    uint64_t per_user_limit;
    uint64_t opens_at_us;
    uint64_t closes_at_us;
    char name[]; /* NUL-terminated */
} slc_shown_t;

slc_shown_t *slc_shown_create(const slc_drop_info_t *drop);
/* It is this very drop, not another one of its number. */
bool slc_shown_is(const slc_shown_t *shown, const slc_drop_info_t *drop);
void slc_shown_write(slc_shown_t *shown, const slc_drop_info_t *drop);
/* What the last write said, or the one before it. */
void slc_shown_read(const slc_shown_t *shown, slc_drop_info_t *ret_drop);

#endif
