#include "observe/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

bool slc_process_read(slc_process_t *ret_process)
{
    uint64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return false;
    }
    /* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
    bool read = fscanf(file, "%*u %" SCNu64, &pages) == 1;
    (void)fclose(file);
    struct timespec used;
    if (!read || clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) {
        return false;
    }
    ret_process->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    ret_process->cpu_s = (double)used.tv_sec + (double)used.tv_nsec / 1e9;
    return true;
}
