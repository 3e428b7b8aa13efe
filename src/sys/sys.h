/* Every file and clock operation of journal, snapshot and recovery goes through this table, so that a
 * test can fail, shorten, delay, record and replay each of them. Production uses slc_sys_posix().
 * Threads: the POSIX table is stateless; a test's table says for itself.
 * Ownership: `self` belongs to who made the table; descriptors to who opened them.
 * Failure: each call answers a value >= 0 or a negative errno, never -1 with errno beside it. EINTR is
 *   not retried here: slc_sys_write_all and slc_sys_read_all are the calls that finish the work. */
#ifndef SLC_SYS_SYS_H
#define SLC_SYS_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct slc_sys slc_sys_t;

/* One name in a directory; answers 0 to go on, anything else to stop. */
typedef int (*slc_sys_name_fn)(void *context, const char *name);

struct slc_sys {
    void *self;
    /* Relative to a directory descriptor, AT_FDCWD allowed. */
    int (*open)(void *self, int dir, const char *name, int flags, mode_t mode);
    int (*close)(void *self, int fd);
    ssize_t (*pread)(void *self, int fd, void *bytes, size_t count, uint64_t offset);
    ssize_t (*pwrite)(void *self, int fd, const void *bytes, size_t count, uint64_t offset);
    int (*fsync)(void *self, int fd); /* files and directories */
    int (*fdatasync)(void *self, int fd);
    /* Drops what the page cache holds of a synced file, so that the next read comes from the device:
     * after a failed sync the cache shows bytes that the device has not. */
    int (*forget)(void *self, int fd);
    int (*truncate)(void *self, int fd, uint64_t bytes);
    int64_t (*size)(void *self, int fd);
    int (*rename)(void *self, int dir, const char *from, const char *to);
    /* A second name for a file, in another directory of the same file system (-EXDEV: it is another). */
    int (*link)(void *self, int dir, const char *name, int to_dir, const char *to);
    int (*unlink)(void *self, int dir, const char *name);
    int (*mkdir)(void *self, int dir, const char *name, mode_t mode);
    int (*list)(void *self, int dir, slc_sys_name_fn each, void *context);
    int (*lock)(void *self, int fd);            /* exclusive, not waiting; -EWOULDBLOCK: another has it */
    int64_t (*free_bytes)(void *self, int dir); /* that an unprivileged writer may use */
    uint64_t (*monotonic_ns)(void *self);
    uint64_t (*realtime_us)(void *self);
    int (*random)(void *self, void *bytes, size_t count);
};

const slc_sys_t *slc_sys_posix(void);

/* Write or read exactly `count` bytes, going on after EINTR and short counts: 0 or a negative errno; a
 * read that meets the end of the file answers -ENODATA. */
int slc_sys_write_all(const slc_sys_t *sys, int fd, const void *bytes, size_t count, uint64_t offset);
int slc_sys_read_all(const slc_sys_t *sys, int fd, void *bytes, size_t count, uint64_t offset);

#endif
