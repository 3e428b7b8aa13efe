#include "journal/blank.h"

#include "base/error.h"
#include "journal/format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)256 << 10)

bool slc_blank_init(slc_blank_t *blank, const slc_directory_t *directory, slc_method_t method,
                    const slc_writer_config_t *config)
{
    *blank = (slc_blank_t){.directory = directory,
                           .method = method,
                           .segment_bytes = config->segment_bytes,
                           .min_free_bytes = config->min_free_bytes,
                           .zeros = aligned_alloc(SLC_PAGE_BYTES, CHUNK_BYTES)};
    if (blank->zeros != NULL) {
        memset(blank->zeros, 0, CHUNK_BYTES);
    }
    return blank->zeros != NULL;
}

void slc_blank_finish(slc_blank_t *blank)
{
    free(blank->zeros);
}

static int write_zeros(const slc_blank_t *blank, int fd, slc_blank_pause_fn pause, void *context)
{
    const slc_sys_t *sys = blank->directory->sys;
    for (uint64_t at = 0; at < blank->segment_bytes;) {
        uint64_t left = blank->segment_bytes - at;
        size_t count = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        uint64_t before = sys->monotonic_ns(sys->self);
        int code = slc_sys_write_all(sys, fd, blank->zeros, count, at);
        if (code < 0) {
            return code;
        }
        if (pause(context, sys->monotonic_ns(sys->self) - before)) {
            return -ECANCELED;
        }
        at += count;
    }
    return sys->fsync(sys->self, fd);
}

int slc_blank_make(const slc_blank_t *blank, slc_blank_pause_fn pause, void *context, int *ret_fd)
{
    const slc_sys_t *sys = blank->directory->sys;
    int dir = blank->directory->fd;
    /* A segment that would leave too little is not begun: filling the disk and emptying it again every
     * second would take the last room from everybody else on it. */
    int64_t room = blank->min_free_bytes == 0 ? INT64_MAX : sys->free_bytes(sys->self, dir);
    if (room < 0) {
        return (int)room;
    }
    if ((uint64_t)room < blank->segment_bytes + blank->min_free_bytes) {
        return -ENOSPC;
    }
    /* Direct where blocks are: zeros by way of the page cache would come back as one burst of write-back
     * under the journal's own writes. Not synced one by one. */
    int direct = blank->method == SLC_METHOD_DIRECT ? O_DIRECT : 0;
    int fd = sys->open(sys->self, dir, SLC_PREPARE_NAME, O_RDWR | O_CREAT | O_TRUNC | direct, 0600);
    if (fd < 0) {
        return fd;
    }
    int code = write_zeros(blank, fd, pause, context);
    int closed = sys->close(sys->self, fd);
    code = code == 0 ? closed : code;
    if (code == 0) {
        /* Now, so that a roll needs no descriptor that a flood of connections may have taken. */
        fd = sys->open(sys->self, dir, SLC_PREPARE_NAME, O_RDWR | slc_method_flags(blank->method), 0);
        code = fd < 0 ? fd : 0;
        *ret_fd = fd;
    }
    if (code < 0) {
        (void)sys->unlink(sys->self, dir, SLC_PREPARE_NAME); /* the first error is the one to tell */
    }
    return code;
}

bool slc_blank_may_pass(int sys_errno)
{
    switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EINTR:
        return true;
    default:
        return false;
    }
}

slc_err_t slc_blank_describe(const slc_blank_t *blank, int code, slc_error_t *ret_error)
{
    const char *advice = "nothing acknowledged is lost: check the disk, its mount and its rights, then "
                         "start again";
    if (code == -ENOSPC || code == -EDQUOT) {
        advice = "make room on its disk";
    } else if (slc_blank_may_pass(-code)) {
        advice = "it is tried again";
    }
    return slc_error_sys(ret_error, SLC_ERR_IO, -code,
                         "cannot make the next segment of %" PRIu64 " bytes (and leave %" PRIu64
                         " free) in %s; %s",
                         blank->segment_bytes, blank->min_free_bytes, blank->directory->path, advice);
}

void slc_blank_discard(const slc_blank_t *blank, int fd)
{
    const slc_sys_t *sys = blank->directory->sys;
    (void)sys->close(sys->self, fd);                                      /* only zeros were written */
    (void)sys->unlink(sys->self, blank->directory->fd, SLC_PREPARE_NAME); /* or the next start will */
}
