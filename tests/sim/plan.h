/* What the clients of a simulation want: which BUYs, which changes, what is asked again.
 * Threads: one. Owns nothing. Failure: none. */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include "client.h"

/* A second attempt can do no harm. */
bool plan_may_repeat(const want_t *want);
/* The client still has something to ask. */
bool plan_has_work(const clients_t *clients, uint32_t who);
/* What it asks next. */
bool plan_next(clients_t *clients, uint32_t who, uint32_t *ret_want);
/* Writes the request; answers its bytes. */
size_t plan_encode(want_t *want, uint64_t request_id, uint8_t *out);
/* An answer may give ideas: an order to cancel, a drop that is sold out. */
void plan_heard(clients_t *clients, want_t *want, const heard_t *heard);

#endif
