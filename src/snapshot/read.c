#include "base/error.h"
#include "base/hash.h"
#include "journal/block.h"
#include "snapshot/entry.h"
#include "snapshot/files.h"
#include "snapshot/format.h"

#include "journal/format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES_MAX (SLC_SNAPSHOT_BLOCK_HEADER_BYTES + SLC_SNAPSHOT_PAYLOAD_BYTES_MAX)

struct slc_snapshot {
    slc_directory_t *own; /* NULL: the directory is somebody else's */
    const slc_directory_t *directory;
    int fd;
    char name[SLC_SNAPSHOT_NAME_BYTES];
    slc_snapshot_info_t info;
    uint64_t blocks;
    uint64_t last_chain; /* what the header says that the last block's checksum is */
    /* Where the reading stands. */
    uint64_t number; /* of the next block */
    uint64_t offset; /* of the next block */
    uint64_t chain;
    uint64_t drops;
    uint64_t orders;
    uint32_t entries; /* left in the block */
    slc_cursor_t cursor;
    slc_entry_place_t place;
    slc_error_t stop;  /* final, where its code is not OK */
    uint8_t *block;    /* of block_room bytes: the header first, then one block after the other */
    size_t block_room; /* no more than the file has */
};

/* Notes why nothing more can be read. */
static slc_err_t damaged(slc_snapshot_t *snapshot, uint64_t offset, slc_error_t *ret_error,
                         const char *what)
{
    slc_err_t code = slc_error_set(&snapshot->stop, SLC_ERR_DAMAGED,
                                   "%s, offset %" PRIu64 ": %s; look at it with: replay verify %s",
                                   snapshot->name, offset, what, snapshot->directory->path);
    if (ret_error != NULL) {
        *ret_error = snapshot->stop;
    }
    return code;
}

static slc_err_t failed(slc_snapshot_t *snapshot, int sys_errno, slc_error_t *ret_error)
{
    slc_err_t code = slc_error_sys(&snapshot->stop, SLC_ERR_IO, sys_errno, "cannot read %s/%s",
                                   snapshot->directory->path, snapshot->name);
    if (ret_error != NULL) {
        *ret_error = snapshot->stop;
    }
    return code;
}

/* Why these bytes are no header that this program can go by; NULL: they are one. */
static const char *header_fault(const slc_snapshot_t *snapshot, const uint8_t *header, uint64_t sequence,
                                uint64_t size)
{
    uint64_t checksum = slc_hash(header + SLC_SNAPSHOT_CHECKED_OFFSET,
                                 SLC_SNAPSHOT_HEADER_BYTES - SLC_SNAPSHOT_CHECKED_OFFSET);
    if (slc_load_u64(header) != SLC_SNAPSHOT_MAGIC) {
        return "this is no snapshot: its first bytes are wrong";
    }
    /* Told before the checksum: a later version may keep its checksum elsewhere. */
    if (slc_load_u32(header + SLC_SNAPSHOT_AT_VERSION) != SLC_SNAPSHOT_FORMAT_VERSION) {
        return "format version not known here: written by a later program, or damaged";
    }
    if (slc_load_u64(header + 8) != checksum) {
        return "the checksum of the header is wrong";
    }
    if (slc_load_u32(header + SLC_SNAPSHOT_AT_RULES) != SLC_FORMAT_RULES_VERSION) {
        return "written under rules that this program does not know: use the later program";
    }
    if (memcmp(header + SLC_SNAPSHOT_AT_DIRECTORY, snapshot->directory->id, SLC_DIRECTORY_ID_BYTES) !=
        0) {
        return "this snapshot belongs to another data directory";
    }
    if (slc_load_u64(header + SLC_SNAPSHOT_AT_SEQUENCE) != sequence || sequence == 0) {
        return "this snapshot has the name of another";
    }
    if (slc_load_u64(header + SLC_SNAPSHOT_AT_FILE_BYTES) != size) {
        return "the file is not as long as its header says";
    }
    if (!slc_bytes_are_zero(header + SLC_SNAPSHOT_AT_ZEROS,
                            SLC_SNAPSHOT_HEADER_BYTES - SLC_SNAPSHOT_AT_ZEROS)) {
        return "the fields of the header are out of bounds";
    }
    return NULL;
}

static slc_err_t read_header(slc_snapshot_t *snapshot, uint64_t sequence, slc_error_t *ret_error)
{
    const slc_sys_t *sys = snapshot->directory->sys;
    int64_t size = sys->size(sys->self, snapshot->fd);
    if (size < 0) {
        return failed(snapshot, (int)-size, ret_error);
    }
    snapshot->block_room = size < (int64_t)SLC_SNAPSHOT_HEADER_BYTES ? SLC_SNAPSHOT_HEADER_BYTES
                           : size < (int64_t)BLOCK_BYTES_MAX         ? (size_t)size
                                                                     : BLOCK_BYTES_MAX;
    snapshot->block = malloc(snapshot->block_room);
    if (snapshot->block == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for reading a snapshot");
    }
    uint8_t *header = snapshot->block;
    int code = slc_sys_read_all(sys, snapshot->fd, header, SLC_SNAPSHOT_HEADER_BYTES, 0);
    if (code == -ENODATA) {
        return damaged(snapshot, (uint64_t)size, ret_error, "cut off within its header");
    }
    if (code < 0) {
        return failed(snapshot, -code, ret_error);
    }
    const char *fault = header_fault(snapshot, header, sequence, (uint64_t)size);
    if (fault != NULL) {
        return damaged(snapshot, 0, ret_error, fault);
    }
    snapshot->info = (slc_snapshot_info_t){
        .sequence = sequence,
        .time_us = slc_load_u64(header + SLC_SNAPSHOT_AT_TIME),
        .digest = slc_load_u64(header + SLC_SNAPSHOT_AT_DIGEST),
        .drops = slc_load_u64(header + SLC_SNAPSHOT_AT_DROPS),
        .orders = slc_load_u64(header + SLC_SNAPSHOT_AT_ORDERS),
        .bytes = (uint64_t)size,
        .written_us = slc_load_u64(header + SLC_SNAPSHOT_AT_WRITTEN),
    };
    snapshot->blocks = slc_load_u64(header + SLC_SNAPSHOT_AT_BLOCKS);
    snapshot->last_chain = slc_load_u64(header + SLC_SNAPSHOT_AT_CHAIN);
    snapshot->offset = SLC_SNAPSHOT_HEADER_BYTES;
    return SLC_OK;
}

slc_err_t slc_snapshot_open_file(const slc_directory_t *directory, const char *name, uint64_t sequence,
                                 slc_snapshot_t **ret_snapshot, slc_error_t *ret_error)
{
    slc_snapshot_t *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for reading a snapshot");
    }
    snapshot->directory = directory;
    (void)snprintf(snapshot->name, sizeof snapshot->name, "%s", name);
    const slc_sys_t *sys = directory->sys;
    snapshot->fd = sys->open(sys->self, directory->fd, name, O_RDONLY | O_CLOEXEC, 0);
    slc_err_t code = snapshot->fd < 0 ? failed(snapshot, -snapshot->fd, ret_error)
                                      : read_header(snapshot, sequence, ret_error);
    if (code != SLC_OK) {
        slc_snapshot_close(snapshot);
        return code;
    }
    *ret_snapshot = snapshot;
    return SLC_OK;
}

slc_err_t slc_snapshot_open(const char *data_dir, uint64_t sequence, slc_snapshot_t **ret_snapshot,
                            slc_error_t *ret_error)
{
    char name[SLC_SNAPSHOT_NAME_BYTES];
    slc_directory_t *directory = NULL;
    slc_err_t code = slc_directory_open_readonly(slc_sys_posix(), data_dir, &directory, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    slc_snapshot_name(sequence, name);
    code = slc_snapshot_open_file(directory, name, sequence, ret_snapshot, ret_error);
    if (code != SLC_OK) {
        slc_directory_close(directory);
        return code;
    }
    (*ret_snapshot)->own = directory;
    return SLC_OK;
}

slc_err_t slc_snapshot_list(const char *data_dir, uint64_t *ret_sequences, size_t max, size_t *ret_count,
                            slc_error_t *ret_error)
{
    slc_directory_t *directory = NULL;
    uint64_t *found = NULL;
    slc_err_t code = slc_directory_open_readonly(slc_sys_posix(), data_dir, &directory, ret_error);
    if (code == SLC_OK) {
        code = slc_snapshot_find(directory, &found, ret_count, ret_error);
    }
    for (size_t i = 0; code == SLC_OK && i < *ret_count && i < max; i++) {
        ret_sequences[i] = found[i];
    }
    free(found);
    slc_directory_close(directory);
    return code;
}

void slc_snapshot_close(slc_snapshot_t *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    if (snapshot->fd >= 0) {
        const slc_sys_t *sys = snapshot->directory->sys;
        (void)sys->close(sys->self, snapshot->fd); /* only read from */
    }
    slc_directory_close(snapshot->own);
    free(snapshot->block);
    free(snapshot);
}

slc_snapshot_info_t slc_snapshot_info(const slc_snapshot_t *snapshot)
{
    return snapshot->info;
}

/* Why the block in memory is not the next one of this file; NULL: it is. */
static const char *block_fault(const slc_snapshot_t *snapshot, uint32_t payload)
{
    const uint8_t *block = snapshot->block;
    uint64_t checksum =
        slc_hash(block + SLC_SNAPSHOT_CHECKED_OFFSET,
                 SLC_SNAPSHOT_BLOCK_HEADER_BYTES - SLC_SNAPSHOT_CHECKED_OFFSET + (size_t)payload);
    if (slc_load_u64(block + SLC_SNAPSHOT_BLOCK_AT_CHECKSUM) != checksum) {
        return "the checksum of this block is wrong";
    }
    if (slc_load_u32(block + SLC_SNAPSHOT_BLOCK_AT_NUMBER) != snapshot->number ||
        slc_load_u64(block + SLC_SNAPSHOT_BLOCK_AT_CHAIN) != snapshot->chain) {
        return "this block belongs elsewhere: it does not go on behind the one before";
    }
    if (slc_load_u32(block + SLC_SNAPSHOT_BLOCK_AT_ENTRIES) == 0 ||
        slc_load_u32(block + SLC_SNAPSHOT_BLOCK_AT_ZERO) != 0) {
        return "the fields of this block are out of bounds";
    }
    return NULL;
}

static slc_err_t read_bytes(slc_snapshot_t *snapshot, uint8_t *out, uint32_t count, uint64_t offset,
                            slc_error_t *ret_error)
{
    if (count > snapshot->info.bytes - offset) {
        return damaged(snapshot, offset, ret_error, "the file ends within this block");
    }
    int code = slc_sys_read_all(snapshot->directory->sys, snapshot->fd, out, count, offset);
    return code < 0 ? failed(snapshot, -code, ret_error) : SLC_OK;
}

static slc_err_t read_block(slc_snapshot_t *snapshot, slc_error_t *ret_error)
{
    uint8_t *block = snapshot->block;
    uint64_t offset = snapshot->offset;
    slc_err_t code = read_bytes(snapshot, block, SLC_SNAPSHOT_BLOCK_HEADER_BYTES, offset, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    /* What the checksum has not confirmed yet is good for bounds only. */
    uint32_t payload = slc_load_u32(block + SLC_SNAPSHOT_BLOCK_AT_PAYLOAD);
    if (slc_load_u64(block) != SLC_SNAPSHOT_BLOCK_MAGIC || payload == 0 ||
        payload > SLC_SNAPSHOT_PAYLOAD_BYTES_MAX) {
        return damaged(snapshot, offset, ret_error, "no block begins here");
    }
    code = read_bytes(snapshot, block + SLC_SNAPSHOT_BLOCK_HEADER_BYTES, payload,
                      offset + SLC_SNAPSHOT_BLOCK_HEADER_BYTES, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    const char *fault = block_fault(snapshot, payload);
    if (fault != NULL) {
        return damaged(snapshot, offset, ret_error, fault);
    }
    snapshot->chain = slc_load_u64(block + SLC_SNAPSHOT_BLOCK_AT_CHECKSUM);
    snapshot->entries = slc_load_u32(block + SLC_SNAPSHOT_BLOCK_AT_ENTRIES);
    snapshot->cursor.at = block + SLC_SNAPSHOT_BLOCK_HEADER_BYTES;
    snapshot->cursor.end = snapshot->cursor.at + payload;
    snapshot->number++;
    snapshot->offset += SLC_SNAPSHOT_BLOCK_HEADER_BYTES + payload;
    return SLC_OK;
}

/* Behind the last block: what the header says of the whole. */
static slc_err_t finish(slc_snapshot_t *snapshot, slc_error_t *ret_error)
{
    const slc_snapshot_info_t *info = &snapshot->info;
    if (snapshot->offset != info->bytes) {
        return damaged(snapshot, snapshot->offset, ret_error, "something follows the last block");
    }
    if (snapshot->chain != snapshot->last_chain || snapshot->drops != info->drops ||
        snapshot->orders != info->orders) {
        return damaged(snapshot, 0, ret_error, "what it holds is not what its header says");
    }
    snapshot->stop.code = SLC_END;
    return SLC_END;
}

slc_err_t slc_snapshot_next(slc_snapshot_t *snapshot, slc_entry_t *ret_entry, slc_error_t *ret_error)
{
    if (snapshot->stop.code != SLC_OK) {
        if (ret_error != NULL) {
            *ret_error = snapshot->stop;
        }
        return snapshot->stop.code;
    }
    if (snapshot->entries == 0) {
        if (snapshot->cursor.at != snapshot->cursor.end) {
            return damaged(snapshot, snapshot->offset, ret_error,
                           "something follows the last entry of the block before");
        }
        slc_err_t code = snapshot->number == snapshot->blocks ? finish(snapshot, ret_error)
                                                              : read_block(snapshot, ret_error);
        if (code != SLC_OK) {
            return code;
        }
    }
    if (!slc_entry_decode(&snapshot->cursor, &snapshot->place, ret_entry)) {
        return damaged(snapshot, snapshot->offset, ret_error, "no entry in the block before");
    }
    snapshot->entries--;
    snapshot->drops += ret_entry->kind == SLC_ENTRY_DROP ? 1 : 0;
    snapshot->orders += ret_entry->kind == SLC_ENTRY_ORDER ? 1 : 0;
    return SLC_OK;
}
