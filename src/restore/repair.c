#include "restore/repair.h"

#include "base/bytes.h"
#include "base/error.h"
#include "journal/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)256 << 10)
#define EVIDENCE_MAX 10000u
/* Segments whose blocks may not have been synced when the server stopped: the last, and the one before
 * where it stopped in a roll. */
#define UNSETTLED_SEGMENTS 2u

static slc_err_t fail(const slc_directory_t *directory, int code, const char *what, const char *name,
                      slc_error_t *ret_error)
{
    return slc_error_sys(
        ret_error, SLC_ERR_IO, -code, "recovery of %s: cannot %s %s%s", directory->path, what, name,
        code == -ENOSPC || code == -EDQUOT ? " (make room on its disk, then start again)" : "");
}

/* ---- settling ---- */

static slc_err_t settle_segment(const slc_directory_t *directory, uint32_t number, bool forget,
                                slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    char name[SLC_SEGMENT_NAME_BYTES];
    slc_segment_name(number, name);
    int fd = sys->open(sys->self, directory->fd, name, O_RDONLY, 0);
    if (fd < 0) {
        return fail(directory, fd, "open", name, ret_error);
    }
    int code = sys->fsync(sys->self, fd);
    if (code == 0 && forget) {
        code = sys->forget(sys->self, fd);
    }
    (void)sys->close(sys->self, fd); /* nothing was written through it */
    return code < 0 ? fail(directory, code, "sync", name, ret_error) : SLC_OK;
}

/* The segment, settled by now, holds event `after` or earlier ones, so that the scan begins in it or
 * behind it. A header that cannot be read is for the scan to judge. */
static slc_err_t is_far_enough(const slc_directory_t *directory, uint32_t number, uint64_t after,
                               bool *ret_enough, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    slc_segment_header_t header;
    int fd = -1;
    *ret_enough = false;
    if (after == 0) {
        return SLC_OK;
    }
    slc_err_t code = slc_segment_open(directory, number, O_RDONLY, &fd, &header, ret_error);
    if (code != SLC_OK) {
        return code == SLC_ERR_DAMAGED ? SLC_OK : code;
    }
    (void)sys->close(sys->self, fd); /* only read from */
    *ret_enough = header.first_sequence <= after;
    return SLC_OK;
}

slc_err_t slc_repair_settle(const slc_directory_t *directory, uint64_t after, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    uint32_t *numbers = NULL;
    size_t count = 0;
    bool enough = false;
    slc_err_t code = slc_segment_list(directory, &numbers, &count, ret_error);
    for (size_t i = count; code == SLC_OK && !enough && i-- > 0;) {
        code = settle_segment(directory, numbers[i], i + UNSETTLED_SEGMENTS >= count, ret_error);
        if (code == SLC_OK) {
            code = is_far_enough(directory, numbers[i], after, &enough, ret_error);
        }
    }
    free(numbers);
    if (code != SLC_OK) {
        return code;
    }
    int synced = sys->fsync(sys->self, directory->fd);
    return synced < 0 ? fail(directory, synced, "sync", "the directory", ret_error) : SLC_OK;
}

/* ---- cutting a torn tail ---- */

typedef struct {
    const slc_directory_t *directory;
    const slc_segment_header_t *header;
    int fd; /* of the segment */
    uint64_t from;
    uint64_t until;
    uint8_t *chunk;
} cut_t;

static size_t chunk_at(const cut_t *cut, uint64_t at)
{
    uint64_t left = cut->until - at;
    return left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
}

/* A file of its own, never one that is there: what an earlier try kept may be all that is left of it. */
static int create_evidence(const cut_t *cut, char *name, size_t name_bytes)
{
    const slc_sys_t *sys = cut->directory->sys;
    int fd = -EEXIST;
    for (unsigned i = 0; fd == -EEXIST && i < EVIDENCE_MAX; i++) {
        (void)snprintf(name, name_bytes, "torn-segment-%010" PRIu32 "-%" PRIu64 "-%u.bin",
                       cut->header->number, cut->from, i);
        fd = sys->open(sys->self, cut->directory->fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
    }
    return fd;
}

static slc_err_t copy_bytes(const cut_t *cut, int evidence, const char *name, slc_error_t *ret_error)
{
    const slc_sys_t *sys = cut->directory->sys;
    for (uint64_t at = cut->from; at < cut->until;) {
        size_t count = chunk_at(cut, at);
        slc_err_t code =
            slc_segment_read(cut->directory, cut->header, cut->fd, cut->chunk, count, at, ret_error);
        if (code != SLC_OK) {
            return code;
        }
        int written = slc_sys_write_all(sys, evidence, cut->chunk, count, at - cut->from);
        if (written < 0) {
            return fail(cut->directory, written, "write the evidence", name, ret_error);
        }
        at += count;
    }
    int synced = sys->fsync(sys->self, evidence);
    return synced < 0 ? fail(cut->directory, synced, "sync the evidence", name, ret_error) : SLC_OK;
}

static slc_err_t keep_evidence(const cut_t *cut, slc_restored_t *restored, slc_error_t *ret_error)
{
    const slc_sys_t *sys = cut->directory->sys;
    int fd = create_evidence(cut, restored->evidence, sizeof restored->evidence);
    if (fd < 0) {
        return fail(cut->directory, fd, "create the evidence", restored->evidence, ret_error);
    }
    slc_err_t code = copy_bytes(cut, fd, restored->evidence, ret_error);
    int closed = sys->close(sys->self, fd);
    if (code == SLC_OK && closed == 0) {
        closed = sys->fsync(sys->self, cut->directory->fd);
    }
    return code == SLC_OK && closed < 0
               ? fail(cut->directory, closed, "keep the evidence", restored->evidence, ret_error)
               : code;
}

static int write_zeros(const cut_t *cut)
{
    const slc_sys_t *sys = cut->directory->sys;
    memset(cut->chunk, 0, chunk_at(cut, cut->from));
    for (uint64_t at = cut->from; at < cut->until;) {
        size_t count = chunk_at(cut, at);
        int code = slc_sys_write_all(sys, cut->fd, cut->chunk, count, at);
        if (code < 0) {
            return code;
        }
        at += count;
    }
    return sys->fsync(sys->self, cut->fd);
}

slc_err_t slc_repair_cut(const slc_directory_t *directory, const slc_scan_end_t *end,
                         slc_restored_t *restored, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    slc_segment_header_t header;
    cut_t cut = {.directory = directory,
                 .header = &header,
                 .from = end->end.offset,
                 .until = end->bytes_end,
                 .chunk = malloc(CHUNK_BYTES)};
    if (cut.chunk == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for cutting a torn tail");
    }
    slc_err_t code = slc_segment_open(directory, end->end.segment, O_RDWR, &cut.fd, &header, ret_error);
    if (code != SLC_OK) {
        free(cut.chunk);
        return code;
    }
    code = keep_evidence(&cut, restored, ret_error);
    int zeroed = code == SLC_OK ? write_zeros(&cut) : 0;
    int closed = sys->close(sys->self, cut.fd);
    free(cut.chunk);
    if (code != SLC_OK) {
        return code;
    }
    if (zeroed < 0 || closed < 0) {
        return fail(directory, zeroed < 0 ? zeroed : closed, "cut the torn tail kept in",
                    restored->evidence, ret_error);
    }
    restored->torn = true;
    restored->torn_bytes = cut.until - cut.from;
    return SLC_OK;
}

/* ---- finishing a roll ---- */

slc_err_t slc_repair_roll(const slc_directory_t *directory, const slc_scan_end_t *end,
                          slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    slc_segment_header_t header;
    char name[SLC_SEGMENT_NAME_BYTES];
    uint8_t page[SLC_SEAL_BYTES];
    int fd = -1;
    slc_segment_name(end->unrolled_segment, name);
    slc_err_t code = slc_segment_open(directory, end->unrolled_segment, O_RDWR, &fd, &header, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    const slc_block_place_t place = {
        .directory = slc_load_u64(directory->id),
        .offset = end->unrolled_offset,
        .segment_bytes = header.segment_bytes,
        .segment = end->unrolled_segment,
    };
    slc_block_header_t seal = end->unrolled_seal;
    slc_block_finish(page, &place, &seal);
    int written = slc_sys_write_all(sys, fd, page, sizeof page, place.offset);
    if (written == 0) {
        written = sys->fsync(sys->self, fd);
    }
    int closed = sys->close(sys->self, fd);
    written = written == 0 ? closed : written;
    return written < 0 ? fail(directory, written, "finish the roll of", name, ret_error) : SLC_OK;
}
