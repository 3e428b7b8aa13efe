/* The inside of a fake table of system calls, shared by fake_calls.c (the calls) and fake_sys.c (the
 * rest). Threads, ownership, failure: as fake_sys.h. */
#ifndef TESTS_LIB_FAKE_STATE_H
#define TESTS_LIB_FAKE_STATE_H

#include "fake_sys.h"

#include <pthread.h>

#define FAKE_FDS_MAX 64

typedef struct {
    bool open;
    bool holds_lock;
    int flags;
    uint32_t node;
} fake_fd_t;

struct fake_sys {
    slc_sys_t table;
    pthread_mutex_t lock;
    fake_disk_t *disk;
    fake_fd_t fds[FAKE_FDS_MAX];
    uint64_t now_ns;
    uint64_t base_us;
    uint64_t random;
    bool refuse_direct;
    uint64_t bytes_max; /* 0: no limit */

    uint64_t calls[FAKE_CALL_COUNT + 1];
    fake_call_t fault_call;
    uint64_t fault_nth; /* 0: no fault */
    int fault_error;
    bool fault_for_ever;
    size_t short_bytes; /* with fault_error 0 */
    bool faulted;
    bool quiet; /* no call counts, none fails */

    fake_before_fn before;
    void *context;
    uint64_t changes;
    fake_change_seen_t seen; /* while `before` runs */
    /* The write under way, while `before` runs. */
    const void *write_bytes;
    size_t write_count;
    uint64_t write_offset;
    uint32_t write_node;
};

/* Makes fake->table call fake_calls.c. */
void fake_calls_fill(fake_sys_t *fake);
/* Aborts the test. */
void fake_misuse(const char *what, const char *where);

#endif
