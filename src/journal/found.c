#include "journal/found.h"

#include "base/error.h"
#include "journal/directory_inside.h"
#include "journal/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define LOCK_TEMPORARY_NAME "lock.tmp"
/* No beginning of an identity, which a crash of a server could have left, and so damage to every one. */
#define UNNAMED "not yet a data directory of sluice\n"

static slc_err_t fail(const slc_directory_t *directory, int code, slc_error_t *ret_error,
                      const char *what)
{
    return slc_error_sys(ret_error, SLC_ERR_IO, -code, "new data directory %s: %s", directory->path,
                         what);
}

static int count_name(void *context, const char *name)
{
    (void)name;
    ++*(size_t *)context;
    return 0;
}

static slc_err_t check_nothing_inside(const slc_directory_t *directory, slc_error_t *ret_error)
{
    size_t names = 0;
    int code = directory->sys->list(directory->sys->self, directory->fd, count_name, &names);
    if (code < 0) {
        return fail(directory, code, ret_error, "cannot list it");
    }
    return names == 0
               ? SLC_OK
               : slc_error_set(ret_error, SLC_ERR_USAGE,
                               "new data directory %s: it is not empty; choose another", directory->path);
}

static slc_err_t pass(slc_error_t *ret_error, const slc_error_t *error)
{
    if (ret_error != NULL) {
        *ret_error = *error;
    }
    return error->code;
}

/* NULL: said why. */
static slc_directory_t *allocate(const slc_sys_t *sys, const char *path, slc_error_t *ret_error)
{
    slc_directory_t *directory = calloc(1, sizeof *directory);
    if (directory == NULL) {
        (void)slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for a data directory");
        return NULL;
    }
    directory->sys = sys;
    directory->fd = -1;
    directory->lock_fd = -1;
    int length = snprintf(directory->path, sizeof directory->path, "%s", path);
    if (length <= 0 || (size_t)length >= sizeof directory->path) {
        (void)slc_error_set(ret_error, SLC_ERR_USAGE, "the path of a data directory has 1 to %zu bytes",
                            sizeof directory->path - 1);
        free(directory);
        return NULL;
    }
    return directory;
}

slc_err_t slc_directory_check_empty(const slc_sys_t *sys, const char *path, slc_error_t *ret_error)
{
    slc_error_t error = {0};
    slc_err_t code = SLC_OK;
    slc_directory_t *directory = allocate(sys, path, &error);
    if (directory == NULL) {
        return pass(ret_error, &error);
    }
    directory->fd = sys->open(sys->self, AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (directory->fd == -ENOTDIR) {
        code = slc_error_set(ret_error, SLC_ERR_USAGE,
                             "new data directory %s: there is something of that name already", path);
    } else if (directory->fd >= 0) {
        code = check_nothing_inside(directory, ret_error);
    } else if (directory->fd != -ENOENT) {
        code = fail(directory, directory->fd, ret_error, "cannot look into it");
    }
    slc_directory_close(directory);
    return code;
}

/* A file with these bytes, durable, but for its name. */
static int write_file(const slc_directory_t *directory, const char *name, const char *text, size_t bytes)
{
    const slc_sys_t *sys = directory->sys;
    int fd = sys->open(sys->self, directory->fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0) {
        return fd;
    }
    int code = slc_sys_write_all(sys, fd, text, bytes, 0);
    if (code == 0) {
        code = sys->fsync(sys->self, fd);
    }
    int closed = sys->close(sys->self, fd);
    return code == 0 ? closed : code;
}

static slc_err_t found(slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    directory->fd = sys->open(sys->self, AT_FDCWD, directory->path, O_RDONLY | O_DIRECTORY, 0);
    if (directory->fd == -ENOENT) {
        slc_err_t made = slc_directory_make(directory, ret_error);
        if (made != SLC_OK) {
            return made;
        }
        directory->fd = sys->open(sys->self, AT_FDCWD, directory->path, O_RDONLY | O_DIRECTORY, 0);
    }
    if (directory->fd < 0) {
        return fail(directory, directory->fd, ret_error, "cannot open it");
    }
    slc_err_t checked = check_nothing_inside(directory, ret_error);
    if (checked != SLC_OK) {
        return checked;
    }
    int code = write_file(directory, SLC_LOCK_NAME, UNNAMED, sizeof UNNAMED - 1);
    if (code == 0) {
        code = sys->fsync(sys->self, directory->fd);
    }
    if (code < 0) {
        return fail(directory, code, ret_error, "cannot write its lock file");
    }
    code = sys->random(sys->self, directory->id, sizeof directory->id);
    return code < 0 ? fail(directory, code, ret_error, "cannot draw an identity")
                    : slc_directory_sync_parent(directory, ret_error);
}

slc_err_t slc_directory_found(const slc_sys_t *sys, const char *path, slc_directory_t **ret_directory,
                              slc_error_t *ret_error)
{
    slc_error_t error = {0};
    slc_directory_t *directory = allocate(sys, path, &error);
    if (directory == NULL) {
        return pass(ret_error, &error);
    }
    slc_err_t code = found(directory, ret_error);
    if (code != SLC_OK) {
        slc_directory_close(directory);
        return code;
    }
    *ret_directory = directory;
    return SLC_OK;
}

slc_err_t slc_directory_name(slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    char text[SLC_LOCK_ID_BYTES + 1];
    slc_directory_id_text(directory->id, text);
    int code = write_file(directory, LOCK_TEMPORARY_NAME, text, SLC_LOCK_ID_BYTES);
    if (code == 0) {
        code = sys->rename(sys->self, directory->fd, LOCK_TEMPORARY_NAME, SLC_LOCK_NAME);
    }
    if (code == 0) {
        code = sys->fsync(sys->self, directory->fd);
    }
    return code < 0 ? fail(directory, code, ret_error, "cannot write its lock file") : SLC_OK;
}
