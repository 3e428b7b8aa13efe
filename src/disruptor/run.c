/* THE batch loop: hand over all that is available, publish the progress once, after the work; wait; until
 * the ring is closed and drained.
 *
 * A consumer that has caught up takes slots as they come, one by one. Then it and the producer ask each
 * other for the same cache lines at every slot, and both run at the speed of that, a tenth of what the
 * producer could do. So where slots stream in the loop lets some gather: it keeps its hands off the
 * shared lines for some turns of spinning, and looks again. Whether that pays shows at once, in how many
 * came meanwhile: for as long as it does, the turns double up to a bound; where it does not, they are
 * halved down to none, and are tried again now and then. A ping-pong or a slow stream gets its slots at
 * once but for those tries. */
#include "disruptor/ring.h"

#include <ck_pr.h>

#define GATHER_TURNS_FIRST 32u     /* fewer tell too little */
#define GATHER_TURNS_MAX 256u      /* some microseconds */
#define GATHER_SLOTS_ENOUGH 512u   /* more at a time makes nothing faster */
#define GATHER_TURNS_FOR_A_SLOT 8u /* what a slot may cost: about a cache line's way to and fro */
#define GATHER_TRY_EVERY 64u       /* small batches */

typedef struct gathering {
    uint32_t turns;
    uint32_t batches; /* small ones, since the turns came down to none */
} gathering_t;

/* `count` slots are available; answers how many are after some have gathered, if they do. */
static uint64_t gather(gathering_t *gathering, slc_consumer_t *consumer, uint64_t count)
{
    if (count >= GATHER_SLOTS_ENOUGH) {
        return count;
    }
    if (gathering->turns == 0) {
        if (++gathering->batches < GATHER_TRY_EVERY) {
            return count;
        }
        gathering->batches = 0;
        gathering->turns = GATHER_TURNS_FIRST;
    }
    for (uint32_t turn = 0; turn < gathering->turns; turn++) {
        ck_pr_stall();
    }
    uint64_t gathered = slc_consumer_look(consumer);
    if ((gathered - count) * GATHER_TURNS_FOR_A_SLOT < gathering->turns) {
        gathering->turns = gathering->turns > GATHER_TURNS_FIRST ? gathering->turns / 2 : 0;
    } else if (gathering->turns < GATHER_TURNS_MAX) {
        gathering->turns *= 2;
    }
    return gathered;
}

static void publish_progress(slc_consumer_t *consumer)
{
    if (consumer->ring->wait == SLC_WAIT_SLEEP) {
        /* Release, so that whoever sees it sees the work, and a producer does not overwrite slots that
         * are still being read; seq_cst, so that it comes before the look at the sleepers. */
        atomic_store_explicit(&consumer->progress.value, consumer->next, memory_order_seq_cst);
        slc_sequence_wake_sleepers(&consumer->progress);
    } else {
        /* Release, as above. Nobody sleeps on it, and no caller of this loop gets to look at a flag
         * behind it: nothing has to come later, and a slot is handed on without waiting for the store. */
        atomic_store_explicit(&consumer->progress.value, consumer->next, memory_order_release);
    }
}

int64_t slc_consumer_run(slc_consumer_t *consumer, slc_batch_fn handler, void *context)
{
    gathering_t gathering = {.turns = 0};
    while (!slc_consumer_done(consumer)) {
        uint64_t count = slc_consumer_look(consumer);
        if (count == 0) {
            (void)slc_consumer_wait(consumer, UINT64_MAX); /* whatever ended it, the loop looks again */
            continue;
        }
        int64_t done = slc_consumer_work(consumer, gather(&gathering, consumer, count), handler, context);
        if (done < 0) {
            return done;
        }
        if (done > 0) {
            publish_progress(consumer);
        }
    }
    return 0;
}
