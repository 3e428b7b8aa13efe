#include "report/place.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define BESIDE_BYTES 4096

/* The file's name with something behind it. */
static const char *beside(const slc_place_t *place, const char *ending, char out[BESIDE_BYTES])
{
    (void)snprintf(out, BESIDE_BYTES, "%s%s", place->path, ending);
    return out;
}

slc_err_t slc_place_exists(const slc_place_t *place, bool *ret_exists, slc_error_t *ret_error)
{
    struct stat found;
    *ret_exists = false;
    if (stat(place->path, &found) != 0) {
        return errno == ENOENT ? SLC_OK
                               : slc_error_sys(ret_error, SLC_ERR_IO, errno,
                                               "cannot look at the report %s", place->path);
    }
    if (!S_ISREG(found.st_mode)) {
        return slc_error_set(ret_error, SLC_ERR_IO,
                             "the report %.300s is no regular file; name another with --report",
                             place->path);
    }
    *ret_exists = found.st_size > 0;
    return SLC_OK;
}

slc_err_t slc_place_note(slc_place_t *place, slc_error_t *ret_error)
{
    return stat(place->path, &place->noted) == 0
               ? SLC_OK
               : slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot look at the report %s", place->path);
}

slc_place_look_t slc_place_look(const slc_place_t *place)
{
    char name[BESIDE_BYTES];
    struct stat found;
    /* Whatever keeps us from seeing it, it cannot be opened anew either: that then says why. */
    if (stat(place->path, &found) != 0 || found.st_dev != place->noted.st_dev ||
        found.st_ino != place->noted.st_ino) {
        return SLC_PLACE_GONE;
    }
    bool same = found.st_size == place->noted.st_size &&
                found.st_mtim.tv_sec == place->noted.st_mtim.tv_sec &&
                found.st_mtim.tv_nsec == place->noted.st_mtim.tv_nsec;
    if (stat(beside(place, "-wal", name), &found) != 0) {
        return SLC_PLACE_GONE;
    }
    return same ? SLC_PLACE_SAME : SLC_PLACE_TOUCHED;
}

static slc_err_t remove_name(const char *name, slc_error_t *ret_error)
{
    return unlink(name) == 0 || errno == ENOENT
               ? SLC_OK
               : slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot remove %s", name);
}

slc_err_t slc_place_clear(const slc_place_t *place, bool own, slc_error_t *ret_error)
{
    static const char *const besides[] = {"-wal", "-shm", "-journal"};
    char name[BESIDE_BYTES];
    slc_err_t code = SLC_OK;
    if (own) {
        code = remove_name(place->path, ret_error);
    } else if (rename(place->path, beside(place, ".aside", name)) != 0 && errno != ENOENT) {
        code = slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot set %s aside", place->path);
    }
    for (size_t i = 0; code == SLC_OK && i < sizeof besides / sizeof besides[0]; i++) {
        code = remove_name(beside(place, besides[i], name), ret_error);
    }
    return code;
}
