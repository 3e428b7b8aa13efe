#include "journal/room.h"

#include "base/check.h"
#include "base/log.h"
#include "journal/format.h"

#include <stdio.h>
#include <string.h>

#define MIB 1048576.0

void slc_room_init(slc_room_t *room, slc_writer_t *writer)
{
    *room = (slc_room_t){.writer = writer};
    SLC_CHECK(pthread_mutex_init(&room->lock, NULL) == 0);
}

void slc_room_finish(slc_room_t *room)
{
    SLC_CHECK(pthread_mutex_destroy(&room->lock) == 0);
}

void slc_room_reason(slc_room_t *room, char ret_reason[SLC_ROOM_REASON_BYTES])
{
    SLC_CHECK(pthread_mutex_lock(&room->lock) == 0);
    memcpy(ret_reason, room->reason, SLC_ROOM_REASON_BYTES);
    SLC_CHECK(pthread_mutex_unlock(&room->lock) == 0);
}

/* `reason` empty: it sells. The first reason stays until it ends. */
static void turn_to(slc_room_t *room, const char *reason)
{
    bool read_only = *reason != '\0';
    if (read_only == room->read_only) {
        return;
    }
    room->read_only = read_only;
    SLC_CHECK(pthread_mutex_lock(&room->lock) == 0);
    (void)snprintf(room->reason, sizeof room->reason, "%s", reason);
    SLC_CHECK(pthread_mutex_unlock(&room->lock) == 0);
    if (read_only) {
        slc_log(SLC_LOG_WARN,
                "read-only: %s. BUYs are answered READ_ONLY; it goes on by itself once there is room",
                reason);
    } else {
        slc_log(SLC_LOG_INFO, "there is room again: selling");
    }
}

static void describe_next(const slc_error_t *error, char out[SLC_ROOM_REASON_BYTES])
{
    char text[80];
    (void)snprintf(out, SLC_ROOM_REASON_BYTES, "no next journal segment: %s",
                   strerror_r(error->sys_errno, text, sizeof text));
}

/* Is less free than it takes to begin, or to go on, selling? */
static bool free_is_low(const slc_room_t *room, char out[SLC_ROOM_REASON_BYTES])
{
    uint64_t least = slc_writer_min_free_bytes(room->writer);
    if (least == 0) {
        return false;
    }
    int64_t there = slc_writer_free_bytes(room->writer);
    if (there < 0) {
        char text[80];
        (void)snprintf(out, SLC_ROOM_REASON_BYTES, "cannot tell the disk's free space: %s",
                       strerror_r((int)-there, text, sizeof text));
        return true;
    }
    if (room->read_only) {
        least += least / 4; /* so that it does not go to and fro about one byte */
    }
    (void)snprintf(out, SLC_ROOM_REASON_BYTES,
                   "the disk has %.1f MiB free, less than the %.1f MiB that min-free asks for",
                   (double)there / MIB, (double)least / MIB);
    return (uint64_t)there < least;
}

slc_err_t slc_room_look(slc_room_t *room, uint64_t time_us, slc_error_t *ret_error)
{
    if (time_us < room->look_at_us) {
        return SLC_OK;
    }
    room->look_at_us = time_us + SLC_ROOM_LOOK_US;
    char reason[SLC_ROOM_REASON_BYTES] = "";
    if (slc_writer_next_segment(room->writer, ret_error) != SLC_OK) {
        if (!slc_writer_may_pass(ret_error)) {
            return ret_error->code;
        }
        describe_next(ret_error, reason);
    } else if (!free_is_low(room, reason)) {
        reason[0] = '\0';
    }
    turn_to(room, reason);
    return SLC_OK;
}

void slc_room_limit_block(const slc_room_t *room)
{
    slc_writer_t *writer = room->writer;
    uint64_t there = slc_writer_room_bytes(writer);
    uint64_t keep = room->read_only ? SLC_SEAL_BYTES : slc_writer_reserve_bytes(writer);
    if (there < slc_writer_block_bytes_max(writer) + keep && !slc_writer_next_is_ready(writer)) {
        slc_writer_limit(writer, there > keep ? there - keep : 0);
    }
}

slc_err_t slc_room_used_up(slc_room_t *room, slc_error_t *ret_error)
{
    /* Read-only already: there is no next segment, or there will be one at a later look. */
    if (room->read_only || slc_writer_wait_next(room->writer, ret_error) == SLC_OK) {
        return SLC_OK;
    }
    if (!slc_writer_may_pass(ret_error)) {
        return ret_error->code;
    }
    char reason[SLC_ROOM_REASON_BYTES];
    describe_next(ret_error, reason);
    turn_to(room, reason);
    return SLC_OK;
}
