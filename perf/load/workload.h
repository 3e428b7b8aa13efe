/* What is asked: request number i has its drop, its user and its order key as functions of the seed and
 * i alone, so that a request can be sent again, or a whole run repeated, without keeping it anywhere.
 * Threads: constant once made; any thread reads.
 * Ownership: init and finish of the caller's memory.
 * Failure: none behind init. */
#ifndef SLC_PERF_LOAD_WORKLOAD_H
#define SLC_PERF_LOAD_WORKLOAD_H

#include <sluice/client.h>

#define LOAD_DROPS_MAX 4096
/* "u" and ten digits. */
#define LOAD_USER_BYTES 11

typedef struct load_drop {
    uint64_t drop_id;
    uint64_t weight;
    bool opened; /* by this run, with what follows */
    uint64_t stock;
    uint64_t per_user;
} load_drop_t;

typedef struct load_workload {
    load_drop_t drops[LOAD_DROPS_MAX];
    uint64_t weight_up_to[LOAD_DROPS_MAX]; /* sum of the weights of this drop and all before it */
    uint32_t drop_count;
    bool keys;
    uint64_t users;
    uint64_t quantity;
    uint64_t seed;
} load_workload_t;

/* One request, but for its request_id. */
typedef struct load_request {
    uint32_t drop; /* index into drops */
    uint64_t order_key;
    char user[LOAD_USER_BYTES];
} load_request_t;

/* Gives the drop of rank i (as they stand, from 1) a weight in proportion to 1 / i^exponent (Zipf). */
void load_workload_zipf(load_workload_t *workload, double exponent);
/* Sums up the weights; call it once drops, users and seed are set. */
void load_workload_prepare(load_workload_t *workload);
void load_workload_request(const load_workload_t *workload, uint64_t number, load_request_t *ret_request);

/* A number from 0 to below 1 that belongs to that request, and a bit that is as good as thrown for it. */
double load_workload_chance(const load_workload_t *workload, uint64_t number, bool *ret_bit);

/* Writes `value` in decimal without leading zeros, answers how many bytes (1 to 20). */
size_t load_put_decimal(char *out, uint64_t value);

#endif
