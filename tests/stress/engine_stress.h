/* What the parts of stress-engine share: a fair, at which buyers, operators and onlookers meet one life
 * of an engine. Threads: as each field says. Ownership: the fair is main's and outlives its threads.
 * Failure: stress_fail. */
#ifndef SLC_TESTS_STRESS_ENGINE_STRESS_H
#define SLC_TESTS_STRESS_ENGINE_STRESS_H

#include "../lib/living.h"
#include "ring_stress.h"

#define FAIR_DROPS 4u /* of each life, which have to sell out; the first one with a limit of 1 a user */
#define FAIR_BUYERS 4u
#define FAIR_ONLOOKERS 2u
#define FAIR_NAME_BYTES 32u

typedef struct fair {
    const living_t *living; /* constant while threads run, like the next four */
    uint64_t life;          /* 0, 1, … */
    uint64_t stock;         /* of each of the drops that have to sell out */
    uint64_t buys;          /* of all buyers together, and however many it takes beyond */
    uint64_t seeds;         /* of this life's generators: stress_seed(seeds + n) */
    /* relaxed, all: numbers that nothing else follows from; what threads found is read behind their join
     */
    _Atomic uint64_t asked;
    _Atomic uint64_t *heard;    /* replies; what the watch looks at */
    _Atomic uint64_t passing;   /* the drop that is open for a moment; 0: none */
    _Atomic uint64_t regretted; /* an order of it that the operator shall cancel; 0: none */
    _Atomic bool sold_out;      /* the buyers have gone */
} fair_t;

typedef struct winner {
    uint64_t order_id;
    uint64_t drop_id;
    uint64_t user;
} winner_t;

typedef struct buyer {
    fair_t *fair;
    uint32_t number;
    uint32_t window; /* requests unanswered at a time */
    uint64_t heard[SLC_STATUS_COUNT];
    winner_t *winners; /* malloc; of the drops that have to sell out */
    size_t winner_count;
    size_t room;
} buyer_t;

typedef struct operator
{
    fair_t *fair;
    uint64_t heard[SLC_STATUS_COUNT];
    uint64_t purged;
}
operator_t;

typedef struct onlooker {
    fair_t *fair;
    uint32_t number;
    uint64_t read;      /* whole answers */
    uint64_t abandoned; /* requests or answers left half-way */
} onlooker_t;

/* What systemd would be. */
typedef struct manager {
    int socket;             /* that the engine tells how it goes */
    _Atomic uint64_t beats; /* relaxed: only a number */
} manager_t;

/* The `index`th drop that has to sell out in this life. */
uint64_t fair_drop(const fair_t *fair, uint32_t index);
/* "u" and the number. */
void fair_user(uint64_t user, char name[FAIR_NAME_BYTES]);
void fair_nap_us(uint64_t us);

/* Threads' bodies, each with its own type as the argument. */
void *manager_main(void *context);  /* lives as long as the program */
void *buyer_main(void *context);    /* ends when each drop was told to be sold out */
void *operator_main(void *context); /* the others end behind sold_out */
void *onlooker_main(void *context);
void *sender_main(void *context); /* of a fair: SIGUSR1 and SIGHUP */

/* One call of an operator, counted in `heard`. */
void operator_call(slc_control_t *control, const slc_control_request_t *request,
                   slc_control_reply_t *reply, uint64_t heard[SLC_STATUS_COUNT]);

#endif
