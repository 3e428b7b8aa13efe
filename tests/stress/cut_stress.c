/* One thread applies random events and cuts the state beside them, another reads the cuts: what it reads
 * must give the digest that the state had. A plain program, so that it also runs under ThreadSanitizer.
 * Arguments: cuts to read, seed. */
#include "../lib/entries.h"
#include "../lib/event_stream.h"
#include "logic/logic.h"
#include "snapshot/handover.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* At most so many events behind the beginning of a cut, so that the state's size is the seed's alone to
 * decide, and not the reader's speed. */
#define EVENTS_PER_CUT 3000u
#define DROPS 300u

typedef struct stress {
    slc_handover_t handover;
    uint64_t cuts;
    uint64_t entries; /* read in all */
    uint64_t largest; /* orders in one cut */
} stress_t;

static _Noreturn void die(const char *what, uint64_t sequence)
{
    (void)fprintf(stderr, "cut stress: %s at %" PRIu64 "\n", what, sequence);
    exit(1);
}

static void read_one(stress_t *stress, slc_cut_t *cut)
{
    slc_snapshot_info_t info = slc_cut_info(cut);
    entries_sum_t sum = {.digest = 0};
    slc_entry_t entry;
    while (slc_cut_next(cut, &entry)) {
        entries_sum_add(&sum, &entry);
        stress->entries++;
    }
    if (sum.digest != info.digest || sum.drops != info.drops || sum.orders != info.orders) {
        die("the entries are not the state", info.sequence);
    }
    stress->largest = sum.orders > stress->largest ? sum.orders : stress->largest;
    entries_sum_finish(&sum);
}

/* As the keeper of snapshots. */
static void *read_all(void *context)
{
    stress_t *stress = context;
    for (uint64_t i = 0; i < stress->cuts; i++) {
        bool failed;
        slc_cut_t *cut;
        slc_handover_want(&stress->handover);
        while ((cut = slc_handover_take(&stress->handover, &failed)) == NULL) {
            if (failed) {
                die("no memory", i);
            }
            /* Every other time it finds the cut without sleeping: the mutex of the sleep orders too, and
             * would hide what the pointer itself has to. */
            if (i % 2 == 0) {
                (void)slc_handover_wait(&stress->handover, UINT64_C(1000000000));
            } else {
                (void)sched_yield();
            }
        }
        read_one(stress, cut);
        slc_handover_return(&stress->handover, cut);
    }
    return NULL;
}

typedef struct applier {
    slc_logic_t *logic;
    stream_t stream;
    slc_cut_t *cut;
    bool given;
    uint64_t events; /* since it began */
} applier_t;

/* As the apply station; answers the cuts that came back. */
static uint64_t cut_some(applier_t *applier, slc_handover_t *handover)
{
    if (applier->given) {
        slc_cut_t *back = slc_handover_returned(handover);
        if (back == NULL) {
            return 0;
        }
        slc_logic_cut_end(applier->logic, back);
        applier->cut = NULL;
        applier->given = false;
        return 1;
    }
    if (applier->cut == NULL) {
        if (!slc_handover_wanted(handover)) {
            return 0;
        }
        applier->cut = slc_logic_cut_begin(applier->logic);
        applier->events = 0;
        if (applier->cut == NULL) {
            die("no memory", slc_logic_sequence(applier->logic));
        }
    }
    if (slc_logic_cut_step(applier->logic, 1 + (uint32_t)stream_below(&applier->stream, 8)) ==
        SLC_CUT_COMPLETE) {
        applier->given = true;
        slc_handover_give(handover, applier->cut);
    }
    return 0;
}

int main(int count, char **arguments)
{
    stress_t stress = {.cuts = count > 1 ? strtoull(arguments[1], NULL, 10) : 400};
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 0) : 1;
    applier_t applier = {.logic = slc_logic_create(),
                         .stream = {.random = seed, .time_us = 1000, .drops = DROPS, .keys = 10000}};
    pthread_t reader;
    slc_handover_init(&stress.handover);
    if (applier.logic == NULL || stress.cuts == 0 ||
        pthread_create(&reader, NULL, read_all, &stress) != 0) {
        die("nothing to begin with", 0);
    }
    for (uint64_t done = 0; done < stress.cuts;) {
        for (int i = 0; i < 4 && applier.events < EVENTS_PER_CUT; i++, applier.events++) {
            slc_event_t event = stream_next(&applier.stream);
            slc_answer_t answer;
            slc_logic_apply(applier.logic, &event, &answer, NULL);
        }
        done += cut_some(&applier, &stress.handover);
        if (applier.events == EVENTS_PER_CUT) {
            (void)slc_logic_tidy(applier.logic, 50);
            (void)sched_yield();
        }
    }
    if (pthread_join(reader, NULL) != 0) {
        die("no reader", 0);
    }
    if (slc_logic_digest(applier.logic) != slc_logic_digest_recomputed(applier.logic)) {
        die("the digest is not what its records give", applier.stream.sequence);
    }
    (void)printf("%" PRIu64 " cuts beside %" PRIu64 " events, %" PRIu64 " entries, at most %" PRIu64
                 " orders in one\n",
                 stress.cuts, applier.stream.sequence, stress.entries, stress.largest);
    slc_handover_finish(&stress.handover);
    slc_logic_destroy(applier.logic);
    return 0;
}
