#include "journal/probe.h"

#include "base/check.h"
#include "base/error.h"
#include "journal/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

const char *slc_method_name(slc_method_t method)
{
    switch (method) {
    case SLC_METHOD_DIRECT:
        return "direct";
    case SLC_METHOD_FDATASYNC:
        return "fdatasync";
    case SLC_METHOD_PAGE_CACHE:
        break;
    }
    return "page-cache";
}

int slc_method_flags(slc_method_t method)
{
    return method == SLC_METHOD_DIRECT ? O_DIRECT | O_DSYNC : 0;
}

int slc_method_write(const slc_sys_t *sys, slc_method_t method, int fd, const uint8_t *pages,
                     size_t bytes, uint64_t offset)
{
    int code = slc_sys_write_all(sys, fd, pages, bytes, offset);
    if (code == 0 && method == SLC_METHOD_FDATASYNC) {
        code = sys->fdatasync(sys->self, fd);
    }
    return code;
}

/* One block through the direct path, to a file that the direct path has to lengthen: 0 or the errno. */
static int try_direct(const slc_directory_t *directory)
{
    static const _Alignas(SLC_PAGE_BYTES) uint8_t page[SLC_PAGE_BYTES] = {0};
    const slc_sys_t *sys = directory->sys;
    int flags = O_RDWR | O_CREAT | O_TRUNC | slc_method_flags(SLC_METHOD_DIRECT);
    int fd = sys->open(sys->self, directory->fd, SLC_PROBE_NAME, flags, 0600);
    int code = fd;
    if (fd >= 0) {
        code = slc_method_write(sys, SLC_METHOD_DIRECT, fd, page, sizeof page, 0);
        int closed = sys->close(sys->self, fd);
        code = code == 0 ? closed : code;
    }
    /* tmpfs and overlayfs make the file and then refuse the flag. */
    int removed = sys->unlink(sys->self, directory->fd, SLC_PROBE_NAME);
    return code == 0 && removed < 0 ? removed : code;
}

slc_err_t slc_method_probe(const slc_directory_t *directory, const slc_writer_config_t *config,
                           slc_method_t *ret_method, char ret_reason[SLC_METHOD_REASON_BYTES],
                           slc_error_t *ret_error)
{
    ret_reason[0] = '\0';
    SLC_CHECK(!(config->no_direct && config->only_direct));
    if (config->durability == SLC_DURABILITY_OS) {
        *ret_method = SLC_METHOD_PAGE_CACHE;
        (void)snprintf(ret_reason, SLC_METHOD_REASON_BYTES, "durability is \"os\"");
        return SLC_OK;
    }
    if (config->no_direct) {
        *ret_method = SLC_METHOD_FDATASYNC;
        (void)snprintf(ret_reason, SLC_METHOD_REASON_BYTES, "direct writes are turned off");
        return SLC_OK;
    }
    int code = try_direct(directory);
    if (code == 0) {
        *ret_method = SLC_METHOD_DIRECT;
        return SLC_OK;
    }
    bool refused = code == -EINVAL || code == -EOPNOTSUPP || code == -ENOSYS;
    if (refused && config->only_direct) {
        return slc_error_sys(ret_error, SLC_ERR_CONFIG, -code,
                             "data directory %s: its file system refuses O_DIRECT, and no other method "
                             "may be taken",
                             directory->path);
    }
    if (refused) {
        char text[64];
        *ret_method = SLC_METHOD_FDATASYNC;
        (void)snprintf(ret_reason, SLC_METHOD_REASON_BYTES, "the file system refuses O_DIRECT: %s",
                       strerror_r(-code, text, sizeof text));
        return SLC_OK;
    }
    if (code == -ENOSPC || code == -EDQUOT) {
        /* The segments that are there can still be written to. */
        *ret_method = SLC_METHOD_FDATASYNC;
        (void)snprintf(ret_reason, SLC_METHOD_REASON_BYTES,
                       "the disk is full, O_DIRECT could not be tried");
        return SLC_OK;
    }
    return slc_error_sys(ret_error, SLC_ERR_IO, -code,
                         "data directory %s: a trial write failed; see to rights, room and disk",
                         directory->path);
}
