/* Reading the attempts log, beside a live server or after its death. */
#include "attempts/attempts.h"
#include "attempts/format.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* The entries of one chunk that is valid: 0, or what `each` stopped with, or -1 for a payload that lies.
 */
static int read_chunk(const uint8_t *chunk, size_t bytes, uint32_t entries, slc_attempts_each_fn each,
                      void *context)
{
    size_t at = SLC_ATTEMPTS_CHUNK_HEAD_BYTES;
    for (uint32_t i = 0; i < entries; i++) {
        slc_attempt_t attempt;
        size_t used = slc_attempt_decode(chunk + at, bytes - at, &attempt);
        if (used == 0) {
            return -1;
        }
        if (each(context, &attempt) != 0) {
            return 1;
        }
        at += used;
    }
    return at == bytes ? 0 : -1;
}

/* OK, or END where `each` wants no more. */
static slc_err_t read_bytes(const uint8_t *bytes, size_t count, slc_attempts_each_fn each, void *context,
                            uint64_t *missing)
{
    size_t at = SLC_ATTEMPTS_FILE_HEAD_BYTES;
    while (at < count) {
        uint32_t entries;
        uint32_t left_out;
        size_t used = slc_attempts_chunk_check(bytes + at, count - at, &entries, &left_out);
        if (used == 0) {
            break; /* this file ends here */
        }
        *missing += left_out;
        int stop = read_chunk(bytes + at, used, entries, each, context);
        if (stop != 0) {
            return stop < 0 ? SLC_OK : SLC_END;
        }
        at += used;
    }
    return SLC_OK;
}

static slc_err_t read_file(slc_directory_t *directory, uint32_t number, slc_attempts_each_fn each,
                           void *context, uint64_t *missing, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    char name[SLC_ATTEMPTS_NAME_BYTES];
    slc_attempts_name(number, name);
    int fd = sys->open(sys->self, directory->fd, name, O_RDONLY | O_CLOEXEC, 0);
    if (fd == -ENOENT) {
        return SLC_OK; /* rotated away meanwhile */
    }
    if (fd < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, -fd, "cannot open %s/%s", directory->path, name);
    }
    int64_t size = sys->size(sys->self, fd);
    uint8_t *bytes = size > 0 ? malloc((size_t)size) : NULL;
    int failed = size < 0 ? (int)size : 0;
    if (bytes != NULL) {
        failed = slc_sys_read_all(sys, fd, bytes, (size_t)size, 0);
    }
    (void)sys->close(sys->self, fd);
    slc_err_t err = SLC_OK;
    if (failed < 0) {
        err = slc_error_sys(ret_error, SLC_ERR_IO, -failed, "cannot read %s/%s", directory->path, name);
    } else if (size > 0 && bytes == NULL) {
        err = slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory to read %s", name);
    } else if (size >= (int64_t)SLC_ATTEMPTS_FILE_HEAD_BYTES &&
               memcmp(bytes, SLC_ATTEMPTS_FILE_MAGIC, sizeof SLC_ATTEMPTS_FILE_MAGIC) == 0 &&
               memcmp(bytes + 8, directory->id, SLC_DIRECTORY_ID_BYTES) == 0) {
        err = read_bytes(bytes, (size_t)size, each, context, missing);
    }
    free(bytes);
    return err;
}

slc_err_t slc_attempts_read(slc_directory_t *directory, slc_attempts_each_fn each, void *context,
                            uint64_t *ret_missing, slc_error_t *ret_error)
{
    uint32_t lowest;
    uint32_t highest;
    *ret_missing = 0;
    slc_err_t err = slc_attempts_numbers(directory, &lowest, &highest, ret_error);
    for (uint32_t number = lowest; number != 0 && number <= highest && err == SLC_OK; number++) {
        err = read_file(directory, number, each, context, ret_missing, ret_error);
    }
    return err == SLC_END ? SLC_OK : err;
}
