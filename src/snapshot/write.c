#include "snapshot/write.h"

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "journal/format.h"
#include "snapshot/entry.h"
#include "snapshot/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* Blocks to one write. */
#define PIECE_BYTES (UINT64_C(1) << 20)
/* Synced so often, so that no large flush stands in the way of the journal's writes. */
#define SYNC_BYTES (UINT64_C(4) << 20)
#define BLOCK_BYTES_MAX (SLC_SNAPSHOT_BLOCK_HEADER_BYTES + SLC_SNAPSHOT_PAYLOAD_BYTES_MAX)

typedef struct writing {
    const slc_directory_t *directory;
    const slc_snapshot_source_t *source;
    int fd;
    uint8_t *piece;        /* whole blocks, and the one under way */
    uint64_t piece_offset; /* of its first byte in the file */
    uint64_t block_begin;  /* of the block under way, in the piece */
    uint64_t used;         /* bytes of the piece */
    uint64_t synced;       /* offset up to which the file was synced */
    uint64_t chain;
    uint64_t blocks;
    uint64_t drops;
    uint64_t orders;
    uint32_t entries; /* in the block under way */
    slc_entry_place_t place;
    slc_error_t *error;
} writing_t;

static slc_err_t failed(const writing_t *writing, int code, const char *what)
{
    return slc_error_sys(writing->error, SLC_ERR_IO, -code, "cannot %s %s/" SLC_SNAPSHOT_TEMPORARY_NAME,
                         what, writing->directory->path);
}

static slc_err_t rest(const writing_t *writing, uint64_t begun_ns)
{
    const slc_sys_t *sys = writing->directory->sys;
    const slc_snapshot_source_t *source = writing->source;
    if (source->rest == NULL || source->rest(source->context, sys->monotonic_ns(sys->self) - begun_ns)) {
        return SLC_OK;
    }
    return slc_error_set(writing->error, SLC_ERR_CLOSED, "stopped while writing a snapshot");
}

/* ---- blocks ---- */

static void begin_block(writing_t *writing)
{
    writing->block_begin = writing->used;
    writing->used += SLC_SNAPSHOT_BLOCK_HEADER_BYTES;
    writing->entries = 0;
}

static void finish_block(writing_t *writing)
{
    uint8_t *block = writing->piece + writing->block_begin;
    uint64_t bytes = writing->used - writing->block_begin;
    slc_store_u64(block, SLC_SNAPSHOT_BLOCK_MAGIC);
    slc_store_u32(block + SLC_SNAPSHOT_BLOCK_AT_NUMBER, (uint32_t)writing->blocks);
    slc_store_u32(block + SLC_SNAPSHOT_BLOCK_AT_PAYLOAD,
                  (uint32_t)(bytes - SLC_SNAPSHOT_BLOCK_HEADER_BYTES));
    slc_store_u64(block + SLC_SNAPSHOT_BLOCK_AT_CHAIN, writing->chain);
    slc_store_u32(block + SLC_SNAPSHOT_BLOCK_AT_ENTRIES, writing->entries);
    slc_store_u32(block + SLC_SNAPSHOT_BLOCK_AT_ZERO, 0);
    writing->chain = slc_hash(block + SLC_SNAPSHOT_CHECKED_OFFSET, bytes - SLC_SNAPSHOT_CHECKED_OFFSET);
    slc_store_u64(block + SLC_SNAPSHOT_BLOCK_AT_CHECKSUM, writing->chain);
    writing->blocks++;
    SLC_CHECK(writing->blocks <= UINT32_MAX);
}

/* The piece goes to the file, and now and then to the disk. */
static slc_err_t flush(writing_t *writing)
{
    const slc_sys_t *sys = writing->directory->sys;
    uint64_t begun_ns = sys->monotonic_ns(sys->self);
    int code = slc_sys_write_all(sys, writing->fd, writing->piece, writing->used, writing->piece_offset);
    if (code < 0) {
        return failed(writing, code, "write");
    }
    writing->piece_offset += writing->used;
    writing->used = 0;
    if (writing->piece_offset - writing->synced >= SYNC_BYTES) {
        code = sys->fdatasync(sys->self, writing->fd);
        if (code < 0) {
            return failed(writing, code, "sync");
        }
        writing->synced = writing->piece_offset;
    }
    return rest(writing, begun_ns);
}

static slc_err_t add(writing_t *writing, const slc_entry_t *entry)
{
    uint64_t block_bytes = writing->used - writing->block_begin;
    if (block_bytes + SLC_SNAPSHOT_ENTRY_BYTES_MAX > BLOCK_BYTES_MAX) {
        finish_block(writing);
        slc_err_t code = writing->used >= PIECE_BYTES ? flush(writing) : SLC_OK;
        if (code != SLC_OK) {
            return code;
        }
        begin_block(writing);
    }
    uint8_t *end = slc_entry_encode(writing->piece + writing->used, entry, &writing->place);
    writing->used = (uint64_t)(end - writing->piece);
    writing->entries++;
    writing->drops += entry->kind == SLC_ENTRY_DROP ? 1 : 0;
    writing->orders += entry->kind == SLC_ENTRY_ORDER ? 1 : 0;
    return SLC_OK;
}

static slc_err_t write_body(writing_t *writing)
{
    slc_entry_t entry;
    slc_err_t code = SLC_OK;
    begin_block(writing);
    while (code == SLC_OK && writing->source->next(writing->source->context, &entry)) {
        code = add(writing, &entry);
    }
    if (code != SLC_OK) {
        return code;
    }
    if (writing->entries > 0) {
        finish_block(writing);
    } else {
        writing->used = writing->block_begin; /* a state without a drop: no block */
    }
    return writing->used > 0 ? flush(writing) : SLC_OK;
}

/* Last, so that a file without it is none. */
static slc_err_t write_header(writing_t *writing, uint64_t written_us)
{
    const slc_sys_t *sys = writing->directory->sys;
    const slc_snapshot_info_t *info = &writing->source->info;
    uint8_t *header = writing->piece;
    memset(header, 0, SLC_SNAPSHOT_HEADER_BYTES);
    slc_store_u64(header, SLC_SNAPSHOT_MAGIC);
    slc_store_u32(header + SLC_SNAPSHOT_AT_VERSION, SLC_SNAPSHOT_FORMAT_VERSION);
    slc_store_u32(header + SLC_SNAPSHOT_AT_RULES, SLC_FORMAT_RULES_VERSION);
    memcpy(header + SLC_SNAPSHOT_AT_DIRECTORY, writing->directory->id, SLC_DIRECTORY_ID_BYTES);
    slc_store_u64(header + SLC_SNAPSHOT_AT_SEQUENCE, info->sequence);
    slc_store_u64(header + SLC_SNAPSHOT_AT_TIME, info->time_us);
    slc_store_u64(header + SLC_SNAPSHOT_AT_DIGEST, info->digest);
    slc_store_u64(header + SLC_SNAPSHOT_AT_DROPS, info->drops);
    slc_store_u64(header + SLC_SNAPSHOT_AT_ORDERS, info->orders);
    slc_store_u64(header + SLC_SNAPSHOT_AT_FILE_BYTES, writing->piece_offset);
    slc_store_u64(header + SLC_SNAPSHOT_AT_BLOCKS, writing->blocks);
    slc_store_u64(header + SLC_SNAPSHOT_AT_WRITTEN, written_us);
    slc_store_u64(header + SLC_SNAPSHOT_AT_CHAIN, writing->chain);
    slc_store_u64(header + 8, slc_hash(header + SLC_SNAPSHOT_CHECKED_OFFSET,
                                       SLC_SNAPSHOT_HEADER_BYTES - SLC_SNAPSHOT_CHECKED_OFFSET));
    int code = slc_sys_write_all(sys, writing->fd, header, SLC_SNAPSHOT_HEADER_BYTES, 0);
    if (code < 0) {
        return failed(writing, code, "write");
    }
    code = sys->fsync(sys->self, writing->fd);
    return code < 0 ? failed(writing, code, "sync") : SLC_OK;
}

/* ---- the file ---- */

static slc_err_t write_file(writing_t *writing)
{
    const slc_sys_t *sys = writing->directory->sys;
    const slc_snapshot_info_t *info = &writing->source->info;
    slc_err_t code = write_body(writing);
    if (code != SLC_OK) {
        return code;
    }
    if (writing->drops != info->drops || writing->orders != info->orders) {
        return slc_error_set(writing->error, SLC_ERR_DAMAGED,
                             "the state does not hold what it says of itself; no snapshot was written");
    }
    code = write_header(writing, sys->realtime_us(sys->self));
    /* What is read back comes from the device, and not from the memory that it was written from. */
    int forgot = code == SLC_OK ? sys->forget(sys->self, writing->fd) : 0;
    return forgot < 0 ? failed(writing, forgot, "read back") : code;
}

/* The temporary file, durable and found good; then it gets its name. */
static slc_err_t give_name(const writing_t *writing, slc_snapshot_info_t *ret_info)
{
    const slc_sys_t *sys = writing->directory->sys;
    const slc_snapshot_source_t *source = writing->source;
    char name[SLC_SNAPSHOT_NAME_BYTES];
    slc_err_t code =
        slc_snapshot_check(writing->directory, SLC_SNAPSHOT_TEMPORARY_NAME, source->info.sequence,
                           source->rest, source->context, ret_info, writing->error);
    if (code != SLC_OK) {
        return code;
    }
    slc_snapshot_name(source->info.sequence, name);
    int done = sys->rename(sys->self, writing->directory->fd, SLC_SNAPSHOT_TEMPORARY_NAME, name);
    if (done < 0) {
        return failed(writing, done, "rename");
    }
    done = sys->fsync(sys->self, writing->directory->fd);
    if (done < 0) {
        /* Nobody knows whether the name is durable: it must not be counted upon, now or later. */
        (void)sys->unlink(sys->self, writing->directory->fd, name);
        return slc_error_sys(writing->error, SLC_ERR_IO, -done, "cannot sync the data directory %s",
                             writing->directory->path);
    }
    return SLC_OK;
}

static slc_err_t write_all(writing_t *writing, slc_snapshot_info_t *ret_info)
{
    const slc_sys_t *sys = writing->directory->sys;
    writing->fd = sys->open(sys->self, writing->directory->fd, SLC_SNAPSHOT_TEMPORARY_NAME,
                            O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (writing->fd < 0) {
        return failed(writing, writing->fd, "create");
    }
    slc_err_t code = write_file(writing);
    int closed = sys->close(sys->self, writing->fd);
    if (code == SLC_OK && closed < 0) {
        code = failed(writing, closed, "close");
    }
    return code == SLC_OK ? give_name(writing, ret_info) : code;
}

slc_err_t slc_snapshot_write(const slc_directory_t *directory, const slc_snapshot_source_t *source,
                             slc_snapshot_info_t *ret_info, slc_error_t *ret_error)
{
    SLC_CHECK(source->info.sequence > 0);
    slc_error_t error = {0};
    writing_t writing = {
        .directory = directory,
        .source = source,
        .piece = malloc(PIECE_BYTES + (size_t)2 * BLOCK_BYTES_MAX),
        .piece_offset = SLC_SNAPSHOT_HEADER_BYTES,
        .error = &error,
    };
    if (writing.piece == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for writing a snapshot");
    }
    slc_err_t code = write_all(&writing, ret_info);
    free(writing.piece);
    if (code != SLC_OK) {
        if (ret_error != NULL) {
            *ret_error = error;
        }
        (void)slc_snapshot_remove_leftover(directory, NULL); /* what stays is removed at the next start */
    }
    return code;
}

slc_err_t slc_snapshot_remove_leftover(const slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    int code = sys->unlink(sys->self, directory->fd, SLC_SNAPSHOT_TEMPORARY_NAME);
    return code == 0 || code == -ENOENT
               ? SLC_OK
               : slc_error_sys(ret_error, SLC_ERR_IO, -code,
                               "cannot remove the leftover %s/" SLC_SNAPSHOT_TEMPORARY_NAME,
                               directory->path);
}
