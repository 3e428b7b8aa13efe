#include "journal/directory_inside.h"

#include "base/error.h"
#include "journal/block.h"
#include "journal/segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX_DIGITS 32u
#define MAGIC_BYTES (sizeof SLC_LOCK_MAGIC - 1)

static_assert(MAGIC_BYTES + HEX_DIGITS + 1 == SLC_LOCK_ID_BYTES, "the first line of the lock");
static_assert(SLC_LOCK_ID_BYTES + sizeof SLC_LOCK_BEGUN - 1 == SLC_LOCK_BYTES, "the second line");
static_assert(HEX_DIGITS == 2 * SLC_DIRECTORY_ID_BYTES, "two digits for each byte");

/* ---- the text of the lock file ---- */

void slc_directory_id_text(const uint8_t id[SLC_DIRECTORY_ID_BYTES], char text[SLC_LOCK_ID_BYTES + 1])
{
    char *at = text + MAGIC_BYTES;
    memcpy(text, SLC_LOCK_MAGIC, MAGIC_BYTES);
    for (size_t i = 0; i < SLC_DIRECTORY_ID_BYTES; i++) {
        *at++ = "0123456789abcdef"[id[i] >> 4];
        *at++ = "0123456789abcdef"[id[i] & 15];
    }
    *at++ = '\n';
    *at = '\0';
}

static bool text_to_id(const char *text, size_t bytes, uint8_t ret_id[SLC_DIRECTORY_ID_BYTES])
{
    if (bytes < SLC_LOCK_ID_BYTES || memcmp(text, SLC_LOCK_MAGIC, MAGIC_BYTES) != 0 ||
        text[SLC_LOCK_ID_BYTES - 1] != '\n') {
        return false;
    }
    uint8_t id[SLC_DIRECTORY_ID_BYTES] = {0};
    for (size_t i = 0; i < HEX_DIGITS; i++) {
        const char *digits = "0123456789abcdef";
        char digit = text[MAGIC_BYTES + i];
        const char *found = digit == '\0' ? NULL : strchr(digits, digit);
        if (found == NULL) {
            return false;
        }
        id[i / 2] = (uint8_t)((id[i / 2] << 4) | (found - digits));
    }
    memcpy(ret_id, id, sizeof id);
    return true;
}

/* What a crash can leave between the creation of the file and the sync of its first line: nothing, zeros
 * of the right length, or a beginning. Anything else is somebody else's file. */
static bool is_unfinished(const char *text, size_t bytes)
{
    size_t common = bytes < MAGIC_BYTES ? bytes : MAGIC_BYTES;
    return slc_bytes_are_zero((const uint8_t *)text, bytes) ||
           (bytes < SLC_LOCK_ID_BYTES && memcmp(text, SLC_LOCK_MAGIC, common) == 0);
}

/* ---- opening ---- */

static slc_err_t fail(const slc_directory_t *directory, int code, slc_error_t *ret_error,
                      const char *what)
{
    return slc_error_sys(ret_error, SLC_ERR_IO, -code, "data directory %s: %s", directory->path, what);
}

static slc_err_t open_path(slc_directory_t *directory, bool create, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    int fd = sys->open(sys->self, AT_FDCWD, directory->path, O_RDONLY | O_DIRECTORY, 0);
    if (fd == -ENOENT && create) {
        slc_err_t made = slc_directory_make(directory, ret_error);
        if (made != SLC_OK) {
            return made;
        }
        fd = sys->open(sys->self, AT_FDCWD, directory->path, O_RDONLY | O_DIRECTORY, 0);
    }
    if (fd < 0) {
        return fail(directory, fd, ret_error, "cannot open it");
    }
    directory->fd = fd;
    return SLC_OK;
}

static int is_snapshot(void *context, const char *name)
{
    (void)context;
    return strncmp(name, SLC_SNAPSHOT_NAME_PREFIX, strlen(SLC_SNAPSHOT_NAME_PREFIX)) == 0 ? 1 : 0;
}

/* Segments or snapshots: a directory that has any of them had an identity. */
static slc_err_t has_history(const slc_directory_t *directory, bool *ret_any, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    uint32_t *numbers = NULL;
    size_t count = 0;
    slc_err_t code = slc_segment_list(directory, &numbers, &count, ret_error);
    free(numbers);
    int found = code == SLC_OK ? sys->list(sys->self, directory->fd, is_snapshot, NULL) : 0;
    *ret_any = count > 0 || found > 0;
    return found < 0 ? slc_error_sys(ret_error, SLC_ERR_IO, -found, "cannot list the data directory %s",
                                     directory->path)
                     : code;
}

/* Reads the lock file; *ret_known: it names an identity. */
static slc_err_t read_identity(slc_directory_t *directory, int fd, bool *ret_known,
                               slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    char text[SLC_LOCK_BYTES] = {0};
    int64_t size = sys->size(sys->self, fd);
    if (size < 0) {
        return fail(directory, (int)size, ret_error, "cannot get the size of its lock file");
    }
    size_t bytes = size < (int64_t)sizeof text ? (size_t)size : sizeof text;
    int code = slc_sys_read_all(sys, fd, text, bytes, 0);
    if (code < 0) {
        return fail(directory, code, ret_error, "cannot read its lock file");
    }
    *ret_known = text_to_id(text, bytes, directory->id);
    if (*ret_known) {
        directory->begun = size > (int64_t)SLC_LOCK_ID_BYTES;
        return SLC_OK;
    }
    bool any = false;
    slc_err_t listed = has_history(directory, &any, ret_error);
    if (listed != SLC_OK) {
        return listed;
    }
    if (any || !is_unfinished(text, bytes)) {
        return slc_error_set(ret_error, SLC_ERR_DAMAGED,
                             "data directory %s: its lock file names no identity%s; bring the file back "
                             "from a backup, or choose another directory",
                             directory->path, any ? " although it has a history" : "");
    }
    return SLC_OK;
}

/* A crash anywhere in here leaves what is_unfinished knows, or all of it. */
static slc_err_t write_identity(slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    char text[SLC_LOCK_ID_BYTES + 1];
    slc_err_t synced = slc_directory_sync_parent(directory, ret_error);
    if (synced != SLC_OK) {
        return synced;
    }
    int code = sys->random(sys->self, directory->id, sizeof directory->id);
    if (code < 0) {
        return fail(directory, code, ret_error, "cannot draw an identity");
    }
    slc_directory_id_text(directory->id, text);
    code = slc_sys_write_all(sys, directory->lock_fd, text, SLC_LOCK_ID_BYTES, 0);
    if (code == 0) {
        code = sys->fsync(sys->self, directory->lock_fd);
    }
    if (code == 0) {
        code = sys->fsync(sys->self, directory->fd);
    }
    return code < 0 ? fail(directory, code, ret_error, "cannot write its lock file") : SLC_OK;
}

static slc_err_t take_lock(slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    int fd = sys->open(sys->self, directory->fd, SLC_LOCK_NAME, O_RDWR | O_CREAT, 0600);
    if (fd < 0) {
        return fail(directory, fd, ret_error,
                    "cannot open its lock file for writing; the server's user must own the directory");
    }
    directory->lock_fd = fd;
    int code = sys->lock(sys->self, fd);
    if (code == -EWOULDBLOCK) {
        return slc_error_set(ret_error, SLC_ERR_IN_USE,
                             "data directory %s is in use by another process; stop it, or choose another "
                             "directory",
                             directory->path);
    }
    return code < 0 ? fail(directory, code, ret_error, "cannot lock its lock file") : SLC_OK;
}

static slc_err_t open_for_server(slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    bool known = false;
    slc_err_t code = open_path(directory, true, ret_error);
    if (code == SLC_OK) {
        code = take_lock(directory, ret_error);
    }
    if (code == SLC_OK) {
        code = read_identity(directory, directory->lock_fd, &known, ret_error);
    }
    if (code != SLC_OK || !known) {
        return code == SLC_OK ? write_identity(directory, ret_error) : code;
    }
    /* A server that was killed between write and sync left an identity that only the page cache has. */
    int synced = sys->fsync(sys->self, directory->lock_fd);
    return synced < 0 ? fail(directory, synced, ret_error, "cannot sync its lock file") : SLC_OK;
}

static slc_err_t open_for_reader(slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    slc_err_t code = open_path(directory, false, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    int fd = sys->open(sys->self, directory->fd, SLC_LOCK_NAME, O_RDONLY, 0);
    if (fd == -ENOENT) {
        bool any = false;
        code = has_history(directory, &any, ret_error);
        if (code == SLC_OK && any) {
            code = slc_error_set(ret_error, SLC_ERR_DAMAGED,
                                 "data directory %s: its lock file is missing although it has a history; "
                                 "bring the file back from a backup",
                                 directory->path);
        } else if (code == SLC_OK) {
            code = fail(directory, fd, ret_error, "this is no data directory: it has no lock file");
        }
        return code;
    }
    if (fd < 0) {
        return fail(directory, fd, ret_error, "cannot open its lock file");
    }
    bool known = false;
    code = read_identity(directory, fd, &known, ret_error);
    if (code == SLC_ERR_DAMAGED) {
        /* Perhaps a server wrote the identity and its first segment between our two looks. */
        code = read_identity(directory, fd, &known, ret_error);
    }
    (void)sys->close(sys->self, fd); /* nothing was written through it */
    return code;
}

static slc_err_t open_with(const slc_sys_t *sys, const char *path,
                           slc_err_t (*opener)(slc_directory_t *, slc_error_t *),
                           slc_directory_t **ret_directory, slc_error_t *ret_error)
{
    slc_directory_t *directory = calloc(1, sizeof *directory);
    if (directory == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for a data directory");
    }
    directory->sys = sys;
    directory->fd = -1;
    directory->lock_fd = -1;
    int length = snprintf(directory->path, sizeof directory->path, "%s", path);
    slc_err_t code =
        length <= 0 || (size_t)length >= sizeof directory->path
            ? slc_error_set(ret_error, SLC_ERR_USAGE, "the path of a data directory has 1 to %zu bytes",
                            sizeof directory->path - 1)
            : opener(directory, ret_error);
    if (code != SLC_OK) {
        slc_directory_close(directory);
        return code;
    }
    *ret_directory = directory;
    return SLC_OK;
}

slc_err_t slc_directory_open(const slc_sys_t *sys, const char *path, slc_directory_t **ret_directory,
                             slc_error_t *ret_error)
{
    return open_with(sys, path, open_for_server, ret_directory, ret_error);
}

slc_err_t slc_directory_open_readonly(const slc_sys_t *sys, const char *path,
                                      slc_directory_t **ret_directory, slc_error_t *ret_error)
{
    return open_with(sys, path, open_for_reader, ret_directory, ret_error);
}

slc_err_t slc_directory_mark_begun(slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    if (directory->begun) {
        return SLC_OK;
    }
    int code = slc_sys_write_all(sys, directory->lock_fd, SLC_LOCK_BEGUN,
                                 SLC_LOCK_BYTES - SLC_LOCK_ID_BYTES, SLC_LOCK_ID_BYTES);
    if (code == 0) {
        code = sys->fsync(sys->self, directory->lock_fd);
    }
    if (code < 0) {
        return fail(directory, code, ret_error, "cannot write to its lock file");
    }
    directory->begun = true;
    return SLC_OK;
}

void slc_directory_close(slc_directory_t *directory)
{
    if (directory == NULL) {
        return;
    }
    const slc_sys_t *sys = directory->sys;
    /* What was written through these was synced; a failing close could tell nothing new. */
    if (directory->lock_fd >= 0) {
        (void)sys->close(sys->self, directory->lock_fd);
    }
    if (directory->fd >= 0) {
        (void)sys->close(sys->self, directory->fd);
    }
    free(directory);
}
