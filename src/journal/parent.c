/* The directory that holds the data directory: that a new name in it is durable. */
#include "journal/directory_inside.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static slc_err_t fail(const slc_directory_t *directory, int code, slc_error_t *ret_error,
                      const char *what)
{
    return slc_error_sys(ret_error, SLC_ERR_IO, -code, "data directory %s: %s", directory->path, what);
}

/* Its descriptor, or a negative errno. */
static int open_parent(const slc_directory_t *directory)
{
    char parent[sizeof directory->path];
    memcpy(parent, directory->path, sizeof parent);
    size_t length = strlen(parent);
    while (length > 1 && parent[length - 1] == '/') {
        parent[--length] = '\0';
    }
    char *slash = strrchr(parent, '/');
    if (slash == NULL) {
        (void)snprintf(parent, sizeof parent, ".");
    } else {
        slash[slash == parent ? 1 : 0] = '\0';
    }
    return directory->sys->open(directory->sys->self, AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
}

slc_err_t slc_directory_sync_parent(const slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    int fd = open_parent(directory);
    if (fd == -EACCES) {
        return SLC_OK; /* slc_directory_make would not have made it there, so an administrator has */
    }
    if (fd < 0) {
        return fail(directory, fd, ret_error, "cannot open its parent directory");
    }
    int code = sys->fsync(sys->self, fd);
    (void)sys->close(sys->self, fd); /* nothing was written through it */
    return code < 0 ? fail(directory, code, ret_error, "cannot sync its parent directory") : SLC_OK;
}

slc_err_t slc_directory_make(const slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    int parent = open_parent(directory);
    if (parent < 0) {
        return fail(directory, parent, ret_error,
                    parent == -ENOENT
                        ? "cannot create it; create its parent, or choose another"
                        : "cannot create it: a new name in its parent directory, which is not "
                          "to be read, could not be made durable; create it yourself");
    }
    (void)sys->close(sys->self, parent); /* nothing was written through it */
    int code = sys->mkdir(sys->self, AT_FDCWD, directory->path, 0700);
    if (code < 0 && code != -EEXIST) {
        return fail(directory, code, ret_error, "cannot create it; create its parent, or choose another");
    }
    return SLC_OK;
}
