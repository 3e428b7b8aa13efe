/* Reading the attempts log, beside a live server or after its death. The files are opened first of all,
 * so that none of them can vanish half-way, and read as far as they went then. */
#include "attempts/attempts.h"
#include "attempts/format.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Two are kept; a third one may be begun or about to go. */
#define FILES_MAX 8u

typedef struct {
    int fd;
    uint64_t bytes;
} log_file_t;

struct slc_attempts_reader {
    const slc_directory_t *directory;
    slc_directory_t *own; /* the same, where it is the reader's to close */
    log_file_t files[FILES_MAX];
    uint32_t count;
    uint32_t current;
    uint64_t offset; /* in the current file, of the next chunk; 0: its head was not looked at */
    uint32_t left;   /* entries of the chunk under way */
    size_t used;     /* bytes of that chunk */
    size_t end;
    slc_attempts_told_t told;
    uint8_t chunk[SLC_ATTEMPTS_CHUNK_HEAD_BYTES + SLC_ATTEMPTS_PAYLOAD_BYTES_MAX];
};

/* ---- opening ---- */

static slc_err_t add_file(slc_attempts_reader_t *reader, uint32_t number, slc_error_t *ret_error)
{
    const slc_directory_t *directory = reader->directory;
    const slc_sys_t *sys = directory->sys;
    char name[SLC_ATTEMPTS_NAME_BYTES];
    slc_attempts_name(number, name);
    int fd = sys->open(sys->self, directory->fd, name, O_RDONLY | O_CLOEXEC, 0);
    if (fd == -ENOENT) {
        return SLC_OK; /* rotated away meanwhile */
    }
    int64_t bytes = fd < 0 ? fd : sys->size(sys->self, fd);
    if (bytes < 0) {
        if (fd >= 0) {
            (void)sys->close(sys->self, fd);
        }
        return slc_error_sys(ret_error, SLC_ERR_IO, (int)-bytes, "cannot open %s/%s", directory->path,
                             name);
    }
    reader->told.older_removed |= reader->count == 0 && number > 1;
    reader->files[reader->count++] = (log_file_t){.fd = fd, .bytes = (uint64_t)bytes};
    reader->told.files = reader->count;
    return SLC_OK;
}

slc_err_t slc_attempts_reader_begin(const slc_directory_t *directory, slc_attempts_reader_t **ret_reader,
                                    slc_error_t *ret_error)
{
    uint32_t lowest;
    uint32_t highest;
    slc_attempts_reader_t *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory to read the attempts log");
    }
    reader->directory = directory;
    slc_err_t err = slc_attempts_numbers(directory, &lowest, &highest, ret_error);
    if (err == SLC_OK && highest - lowest >= FILES_MAX) {
        lowest = highest - FILES_MAX + 1; /* not ours: the server keeps two */
    }
    for (uint32_t number = lowest; err == SLC_OK && number != 0 && number <= highest; number++) {
        err = add_file(reader, number, ret_error);
    }
    if (err != SLC_OK) {
        slc_attempts_reader_close(reader);
        return err;
    }
    *ret_reader = reader;
    return SLC_OK;
}

slc_err_t slc_attempts_reader_open(const char *data_dir, slc_attempts_reader_t **ret_reader,
                                   slc_error_t *ret_error)
{
    slc_directory_t *directory = NULL;
    slc_err_t err = slc_directory_open_readonly(slc_sys_posix(), data_dir, &directory, ret_error);
    if (err == SLC_OK) {
        err = slc_attempts_reader_begin(directory, ret_reader, ret_error);
    }
    if (err != SLC_OK) {
        slc_directory_close(directory);
        return err;
    }
    (*ret_reader)->own = directory;
    return SLC_OK;
}

void slc_attempts_reader_close(slc_attempts_reader_t *reader)
{
    if (reader == NULL) {
        return;
    }
    const slc_sys_t *sys = reader->directory->sys;
    for (uint32_t i = 0; i < reader->count; i++) {
        (void)sys->close(sys->self, reader->files[i].fd); /* only read from */
    }
    slc_directory_close(reader->own);
    free(reader);
}

slc_attempts_told_t slc_attempts_told(const slc_attempts_reader_t *reader)
{
    return reader->told;
}

/* ---- reading ---- */

/* So many bytes at the offset: OK, END where the file is shorter. */
static slc_err_t read_at(const slc_attempts_reader_t *reader, uint8_t *out, size_t bytes, uint64_t offset,
                         slc_error_t *ret_error)
{
    const log_file_t *file = &reader->files[reader->current];
    if (offset + bytes > file->bytes) {
        return SLC_END;
    }
    int failed = slc_sys_read_all(reader->directory->sys, file->fd, out, bytes, offset);
    return failed < 0 ? slc_error_sys(ret_error, SLC_ERR_IO, -failed,
                                      "cannot read the attempts log in %s", reader->directory->path)
                      : SLC_OK;
}

/* The head of a file that is ours. */
static slc_err_t read_head(slc_attempts_reader_t *reader, slc_error_t *ret_error)
{
    uint8_t head[SLC_ATTEMPTS_FILE_HEAD_BYTES];
    slc_err_t err = read_at(reader, head, sizeof head, 0, ret_error);
    if (err == SLC_OK && (memcmp(head, SLC_ATTEMPTS_FILE_MAGIC, sizeof SLC_ATTEMPTS_FILE_MAGIC) != 0 ||
                          memcmp(head + 8, reader->directory->id, SLC_DIRECTORY_ID_BYTES) != 0)) {
        err = SLC_END;
    }
    reader->offset = err == SLC_OK ? sizeof head : 0;
    return err;
}

/* The next chunk of the current file: OK, or END in front of what is none. */
static slc_err_t read_chunk(slc_attempts_reader_t *reader, slc_error_t *ret_error)
{
    uint32_t left_out;
    slc_err_t err = reader->offset == 0 ? read_head(reader, ret_error) : SLC_OK;
    if (err != SLC_OK || reader->offset == reader->files[reader->current].bytes) {
        reader->told.cut_short |= err == SLC_END;
        return err == SLC_OK ? SLC_END : err;
    }
    err = read_at(reader, reader->chunk, SLC_ATTEMPTS_CHUNK_HEAD_BYTES, reader->offset, ret_error);
    size_t payload = err == SLC_OK ? slc_attempts_chunk_payload(reader->chunk) : 0;
    if (err == SLC_OK && payload <= SLC_ATTEMPTS_PAYLOAD_BYTES_MAX) {
        err = read_at(reader, reader->chunk + SLC_ATTEMPTS_CHUNK_HEAD_BYTES, payload,
                      reader->offset + SLC_ATTEMPTS_CHUNK_HEAD_BYTES, ret_error);
    } else if (err == SLC_OK) {
        err = SLC_END;
    }
    if (err == SLC_OK) {
        reader->end = slc_attempts_chunk_check(reader->chunk, SLC_ATTEMPTS_CHUNK_HEAD_BYTES + payload,
                                               &reader->left, &left_out);
        err = reader->end == 0 ? SLC_END : SLC_OK;
    }
    if (err != SLC_OK) {
        reader->left = 0;
        reader->told.cut_short |= err == SLC_END;
        return err;
    }
    reader->used = SLC_ATTEMPTS_CHUNK_HEAD_BYTES;
    reader->offset += reader->end;
    reader->told.missing += left_out;
    return SLC_OK;
}

static void next_file(slc_attempts_reader_t *reader)
{
    reader->current++;
    reader->offset = 0;
    reader->left = 0;
}

slc_err_t slc_attempts_reader_next(slc_attempts_reader_t *reader, slc_attempt_t *ret_attempt,
                                   slc_error_t *ret_error)
{
    while (reader->current < reader->count) {
        if (reader->left == 0) {
            slc_err_t err = read_chunk(reader, ret_error);
            if (err == SLC_END) {
                next_file(reader);
            } else if (err != SLC_OK) {
                return err;
            }
            continue;
        }
        size_t used =
            slc_attempt_decode(reader->chunk + reader->used, reader->end - reader->used, ret_attempt);
        if (used == 0) { /* a payload that lies, under a checksum that is right */
            reader->told.cut_short = true;
            next_file(reader);
            continue;
        }
        reader->used += used;
        reader->left--;
        reader->told.entries++;
        return SLC_OK;
    }
    return SLC_END;
}
