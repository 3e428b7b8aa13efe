#include "sys/sys.h"

#include <errno.h>

/* A signal now and then is nothing; a call that never gets through is an error, not a loop for ever. */
#define INTERRUPTS_MAX 1000

int slc_sys_write_all(const slc_sys_t *sys, int fd, const void *bytes, size_t count, uint64_t offset)
{
    const uint8_t *at = bytes;
    unsigned interrupts = 0;
    while (count > 0) {
        ssize_t done = sys->pwrite(sys->self, fd, at, count, offset);
        if (done == -EINTR && ++interrupts < INTERRUPTS_MAX) {
            continue;
        }
        if (done <= 0) {
            return done < 0 ? (int)done : -EIO; /* a write of nothing would be tried for ever */
        }
        at += done;
        count -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

int slc_sys_read_all(const slc_sys_t *sys, int fd, void *bytes, size_t count, uint64_t offset)
{
    uint8_t *at = bytes;
    unsigned interrupts = 0;
    while (count > 0) {
        ssize_t done = sys->pread(sys->self, fd, at, count, offset);
        if (done == -EINTR && ++interrupts < INTERRUPTS_MAX) {
            continue;
        }
        if (done <= 0) {
            return done < 0 ? (int)done : -ENODATA;
        }
        at += done;
        count -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}
