/* What the clients heard: a file with one line for each ACCEPTED reply,
 *   order_id TAB drop_id TAB user TAB quantity TAB order_key (16 hex digits) TAB sequence TAB replayed
 * (0|1) which `replay audit --ledger` holds against the journal. Threads: a ledger belongs to one worker;
 * several may write to one file, for each write is of whole lines and appends. Ownership: init and
 * finish; the descriptor is the caller's. Failure: the first failed write is kept in `error`; nothing is
 * written behind it. */
#ifndef SLC_PERF_LOAD_LEDGER_H
#define SLC_PERF_LOAD_LEDGER_H

#include "workload.h"

typedef struct load_ledger {
    int fd; /* -1: none is kept */
    int error;
    size_t bytes;
    char *buffer;
} load_ledger_t;

/* False: no memory. */
bool load_ledger_init(load_ledger_t *ledger, int fd);
void load_ledger_finish(load_ledger_t *ledger);
void load_ledger_add(load_ledger_t *ledger, const load_workload_t *workload,
                     const load_request_t *request, const slc_buy_reply_t *reply);
/* Writes out what is buffered. */
void load_ledger_flush(load_ledger_t *ledger);

#endif
