#include "journal/writer_state.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "journal/blank.h"
#include "wire/flat.h"

#include <assert.h>
#include <inttypes.h>

static_assert(SLC_BLOCK_HEADER_BYTES + SLC_BATCH_HEAD_BYTES + SLC_EVENT_BYTES_MAX <= SLC_BLOCK_BYTES_MIN,
              "the smallest block takes any event");
static_assert(2 * SLC_BLOCK_BYTES_MIN - SLC_SEAL_BYTES >= SLC_BLOCK_BYTES_MIN + SLC_SEAL_BYTES,
              "a fresh segment has room for a block beside its reserve, and a reserve for a seal");
static_assert(SLC_BLOCK_BYTES_MAX_DEFAULT <= SLC_BLOCK_BYTES_LIMIT, "a default within the limit");

void slc_writer_count(_Atomic uint64_t *counter, uint64_t more)
{
    /* Relaxed: single writer, and readers only want the number. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* ---- fail-stop ---- */

static slc_err_t refuse(const slc_writer_t *writer, slc_error_t *ret_error)
{
    if (ret_error != NULL) {
        *ret_error = writer->failed;
    }
    return writer->failed.code;
}

slc_err_t slc_writer_poison(slc_writer_t *writer, int code, const char *what, slc_error_t *ret_error)
{
    char name[SLC_SEGMENT_NAME_BYTES];
    slc_segment_name(writer->segment, name);
    (void)slc_error_sys(&writer->failed, SLC_ERR_IO, -code,
                        "%s/%s, offset %" PRIu64
                        ": %s; nothing acknowledged is lost: check the disk (its room, its mount, the "
                        "kernel's log), then start again",
                        writer->directory->path, name, writer->offset, what);
    writer->pending = 0;
    return refuse(writer, ret_error);
}

slc_err_t slc_writer_poison_with(slc_writer_t *writer, const slc_error_t *error, slc_error_t *ret_error)
{
    writer->failed = *error;
    writer->pending = 0;
    return refuse(writer, ret_error);
}

/* ---- one block ---- */

static int write_block(slc_writer_t *writer, uint8_t *block, slc_block_header_t *header)
{
    const slc_block_place_t place = {
        .directory = slc_load_u64(writer->directory->id),
        .offset = writer->offset,
        .segment_bytes = writer->segment_bytes,
        .segment = writer->segment,
    };
    header->first_sequence = writer->sequence + 1;
    /* One block at a time: all before it is durable. With a second one in flight this is what had been
     * acknowledged when this one was issued. */
    header->durable_sequence = writer->sequence;
    header->chain = writer->chain;
    slc_block_finish(block, &place, header);
    int code = slc_method_write(writer->directory->sys, writer->method, writer->fd, block,
                                header->total_bytes, writer->offset);
    if (code == 0) {
        slc_writer_count(&writer->blocks, 1);
        slc_writer_count(&writer->bytes, header->total_bytes);
    }
    return code;
}

int slc_writer_put_seal(slc_writer_t *writer, uint16_t flags, uint64_t digest_sequence, uint64_t digest,
                        uint64_t *ret_checksum)
{
    slc_block_header_t header = {
        .flags = flags,
        .time_us = writer->time_us,
        .digest_sequence = digest_sequence,
        .digest = digest,
    };
    int code = write_block(writer, writer->page, &header);
    *ret_checksum = header.checksum;
    return code;
}

/* ---- a batch ---- */

/* Each segment keeps a page for its ROLLED seal. */
static slc_err_t make_room(slc_writer_t *writer, uint32_t total_bytes, slc_error_t *ret_error)
{
    bool fits = writer->offset + total_bytes + SLC_SEAL_BYTES <= writer->segment_bytes;
    return fits ? SLC_OK : slc_writer_roll(writer, ret_error);
}

void slc_writer_begin(slc_writer_t *writer, uint64_t time_us)
{
    SLC_CHECK(writer->pending == 0);
    SLC_CHECK(time_us >= writer->time_us);
    writer->begun_time_us = time_us;
    writer->limit = writer->used_max;
    writer->used = SLC_BLOCK_HEADER_BYTES;
    writer->used += (uint32_t)slc_flat_encode_batch_head(time_us, writer->sequence + 1,
                                                         writer->block + SLC_BLOCK_HEADER_BYTES);
}

void slc_writer_limit(slc_writer_t *writer, uint64_t bytes)
{
    writer->limit = bytes < writer->used_max ? (uint32_t)bytes : writer->used_max;
}

bool slc_writer_append_order(slc_writer_t *writer, uint64_t drop_id, slc_text_t user, uint64_t quantity,
                             uint64_t order_key)
{
    SLC_CHECK(writer->used != 0);
    if (writer->used + SLC_EVENT_BYTES_MAX > writer->limit) {
        return false;
    }
    writer->used += (uint32_t)slc_flat_encode_order_placed(drop_id, user, quantity, order_key,
                                                           writer->block + writer->used);
    writer->pending++;
    return true;
}

bool slc_writer_append_event(slc_writer_t *writer, const slc_event_t *event)
{
    SLC_CHECK(writer->used != 0);
    if (writer->used + SLC_EVENT_BYTES_MAX > writer->limit) {
        return false;
    }
    writer->used += (uint32_t)slc_flat_encode_event(event, writer->block + writer->used);
    writer->pending++;
    return true;
}

uint32_t slc_writer_pending(const slc_writer_t *writer)
{
    return writer->pending;
}

slc_err_t slc_writer_commit(slc_writer_t *writer, uint64_t digest_sequence, uint64_t digest,
                            slc_error_t *ret_error)
{
    if (writer->failed.code != SLC_OK) {
        return refuse(writer, ret_error);
    }
    if (writer->pending == 0) {
        return SLC_OK;
    }
    SLC_CHECK(digest_sequence <= writer->sequence);
    slc_block_header_t header = {
        .time_us = writer->begun_time_us,
        .digest_sequence = digest_sequence,
        .digest = digest_sequence == 0 ? 0 : digest,
        .events = writer->pending,
        .payload_bytes = writer->used - SLC_BLOCK_HEADER_BYTES,
    };
    slc_err_t room = make_room(writer, slc_block_total_bytes(header.payload_bytes), ret_error);
    if (room != SLC_OK) {
        return room;
    }
    int code = write_block(writer, writer->block, &header);
    if (code < 0) {
        return slc_writer_poison(writer, code, "a block could not be made durable", ret_error);
    }
    writer->sequence += writer->pending;
    writer->time_us = writer->begun_time_us;
    writer->chain = header.checksum;
    writer->offset += header.total_bytes;
    writer->sealed = false;
    writer->pending = 0;
    writer->used = 0;
    return SLC_OK;
}

slc_err_t slc_writer_seal(slc_writer_t *writer, uint64_t digest_sequence, uint64_t digest,
                          slc_error_t *ret_error)
{
    if (writer->failed.code != SLC_OK) {
        return refuse(writer, ret_error);
    }
    SLC_CHECK(writer->pending == 0);
    SLC_CHECK(digest_sequence <= writer->sequence);
    if (writer->sealed) {
        return SLC_OK;
    }
    slc_err_t room = make_room(writer, SLC_SEAL_BYTES, ret_error);
    if (room != SLC_OK) {
        return room;
    }
    uint64_t checksum = 0;
    int code = slc_writer_put_seal(writer, SLC_BLOCK_SEAL, digest_sequence,
                                   digest_sequence == 0 ? 0 : digest, &checksum);
    if (code < 0) {
        return slc_writer_poison(writer, code, "a seal could not be made durable", ret_error);
    }
    writer->chain = checksum;
    writer->offset += SLC_SEAL_BYTES;
    writer->sealed = true;
    writer->used = 0;
    return SLC_OK;
}

/* ---- looking ---- */

uint64_t slc_writer_sequence(const slc_writer_t *writer)
{
    return writer->sequence;
}

const char *slc_writer_method(const slc_writer_t *writer)
{
    return slc_method_name(writer->method);
}

const char *slc_writer_method_reason(const slc_writer_t *writer)
{
    return writer->method_reason;
}

slc_err_t slc_writer_next_segment(slc_writer_t *writer, slc_error_t *ret_error)
{
    return slc_preparer_status(writer->preparer, ret_error);
}

bool slc_writer_next_is_ready(slc_writer_t *writer)
{
    return slc_preparer_is_ready(writer->preparer);
}

slc_err_t slc_writer_wait_next(slc_writer_t *writer, slc_error_t *ret_error)
{
    return slc_preparer_wait(writer->preparer, ret_error);
}

bool slc_writer_may_pass(const slc_error_t *error)
{
    return slc_blank_may_pass(error->sys_errno);
}

uint64_t slc_writer_reserve_bytes(const slc_writer_t *writer)
{
    uint64_t bytes = writer->segment_bytes / 8;
    bytes = bytes < SLC_RESERVE_BYTES_MAX ? bytes - bytes % SLC_PAGE_BYTES : SLC_RESERVE_BYTES_MAX;
    return bytes < SLC_SEAL_BYTES ? SLC_SEAL_BYTES : bytes;
}

uint64_t slc_writer_block_bytes_max(const slc_writer_t *writer)
{
    return writer->used_max;
}

int64_t slc_writer_free_bytes(const slc_writer_t *writer)
{
    const slc_sys_t *sys = writer->directory->sys;
    return sys->free_bytes(sys->self, writer->directory->fd);
}

uint64_t slc_writer_min_free_bytes(const slc_writer_t *writer)
{
    return writer->config.min_free_bytes;
}

uint64_t slc_writer_room_bytes(const slc_writer_t *writer)
{
    uint64_t taken = writer->offset + SLC_SEAL_BYTES;
    return taken < writer->segment_bytes ? writer->segment_bytes - taken : 0;
}

slc_writer_stats_t slc_writer_stats(const slc_writer_t *writer)
{
    /* Relaxed: see count. */
    return (slc_writer_stats_t){
        .blocks = atomic_load_explicit(&writer->blocks, memory_order_relaxed),
        .bytes = atomic_load_explicit(&writer->bytes, memory_order_relaxed),
        .rolls = atomic_load_explicit(&writer->rolls, memory_order_relaxed),
        .roll_waits = atomic_load_explicit(&writer->roll_waits, memory_order_relaxed),
    };
}
