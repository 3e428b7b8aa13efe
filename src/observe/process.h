/* What the kernel says of this process. Threads: any. Owns nothing. Failure: read answers false where
 * /proc is not mounted. */
#ifndef SLC_OBSERVE_PROCESS_H
#define SLC_OBSERVE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct slc_process {
    uint64_t resident_bytes;
    double cpu_s;
} slc_process_t;

bool slc_process_read(slc_process_t *ret_process);

#endif
