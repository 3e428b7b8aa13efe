#include "journal/station.h"

#include "base/check.h"
#include "event/command.h"
#include "event/slot.h"

#include <stdlib.h>

/* A seal is written once nothing came for so long. */
#define IDLE_BEFORE_SEAL_NS (UINT64_C(100) * 1000 * 1000)

struct slc_journal_station {
    slc_journal_station_config_t config;
    uint64_t realtime_offset_us;   /* wall clock minus monotonic clock, fixed at start */
    uint64_t time_us;              /* of the last batch; never falls */
    uint64_t monotonic_us;         /* when it was taken */
    uint64_t sequence;             /* of the last event put into a block */
    uint64_t last_change_sequence; /* of the last operator's event: hints older than this are void */
    slc_error_t *error;            /* of the turn under way */
    slc_room_t room;
    bool sealed;
    slc_journal_meters_t meters;
};

slc_journal_station_t *slc_journal_station_create(const slc_journal_station_config_t *config)
{
    slc_journal_station_t *station = calloc(1, sizeof *station);
    if (station == NULL) {
        return NULL;
    }
    const slc_sys_t *sys = config->sys;
    station->config = *config;
    station->realtime_offset_us = sys->realtime_us(sys->self) - sys->monotonic_ns(sys->self) / 1000;
    station->time_us = config->time_us;
    station->sequence = slc_writer_sequence(config->writer);
    station->last_change_sequence = station->sequence;
    slc_room_init(&station->room, config->writer);
    return station;
}

void slc_journal_station_destroy(slc_journal_station_t *station)
{
    if (station != NULL) {
        slc_room_finish(&station->room);
    }
    free(station);
}

static uint64_t batch_time_us(slc_journal_station_t *station)
{
    const slc_sys_t *sys = station->config.sys;
    station->monotonic_us = sys->monotonic_ns(sys->self) / 1000;
    uint64_t now_us = station->monotonic_us + station->realtime_offset_us;
    if (now_us > station->time_us) {
        station->time_us = now_us;
    }
    return station->time_us;
}

/* By the monotonic clock: the journal's time stands still for as long as the wall clock was set back
 * before a start, and the room would not be looked for. */
slc_err_t slc_journal_station_look(slc_journal_station_t *station, slc_error_t *ret_error)
{
    (void)batch_time_us(station);
    return slc_room_look(&station->room, station->monotonic_us, ret_error);
}

static bool is_certain_refusal(const slc_journal_station_t *station, const slc_slot_t *slot)
{
    return (slot->flags & SLC_SLOT_PROBABLE_REFUSAL) != 0 &&
           slot->hint_sequence >= station->last_change_sequence && station->time_us < slot->hint_until_us;
}

/* What an operator may still do out of the reserve: everything that lets a drop end well. */
static bool is_for_the_reserve(const slc_slot_t *slot)
{
    if (slot->kind != SLC_SLOT_COMMAND) {
        return false;
    }
    slc_event_kind_t kind = slot->as.command->event.kind;
    return kind == SLC_EVENT_DROP_CLOSED || kind == SLC_EVENT_DROP_PURGED ||
           kind == SLC_EVENT_ORDER_CANCELLED;
}

static bool is_event(const slc_journal_station_t *station, const slc_slot_t *slot)
{
    return slot->kind == SLC_SLOT_BUY ? !is_certain_refusal(station, slot)
                                      : slot->kind == SLC_SLOT_COMMAND && slot->as.command->is_change;
}

/* Puts the slot into the block if it is an event, and one that there is room for. False: the block is
 * full. */
static bool slot_journal(slc_journal_station_t *station, slc_slot_t *slot)
{
    slc_writer_t *writer = station->config.writer;
    if (!is_event(station, slot)) {
        return true;
    }
    if (__builtin_expect(station->room.read_only, 0) && !is_for_the_reserve(slot)) {
        slot->flags |= SLC_SLOT_READ_ONLY;
        return true;
    }
    if (slot->kind == SLC_SLOT_BUY) {
        slc_text_t user = {slot->user, slot->user_bytes};
        if (!slc_writer_append_order(writer, slot->as.ask.drop_id, user, slot->quantity,
                                     slot->as.ask.order_key)) {
            return false;
        }
    } else {
        if (!slc_writer_append_event(writer, &slot->as.command->event)) {
            return false;
        }
        station->last_change_sequence = station->sequence + 1;
    }
    station->sequence++;
    slot->flags |= SLC_SLOT_JOURNALED;
    return true;
}

static void begin_block(slc_journal_station_t *station)
{
    slc_writer_begin(station->config.writer, station->time_us);
    slc_room_limit_block(&station->room);
}

/* A slot that even an empty block did not take: waits for room, or does without. */
static slc_err_t make_room(slc_journal_station_t *station, slc_slot_t *slot)
{
    slc_err_t err = slc_room_used_up(&station->room, station->error);
    if (err != SLC_OK) {
        return err;
    }
    begin_block(station);
    if (!slot_journal(station, slot)) {
        SLC_CHECK(station->room.read_only); /* with a next segment an empty block takes any event */
        slot->flags |= SLC_SLOT_READ_ONLY;  /* the reserve is used up, but for the last seal */
    }
    return SLC_OK;
}

/* What the apply station published last; sequence 0 where it was just about to publish another. */
static uint64_t known_digest(const slc_journal_station_t *station, uint64_t *ret_digest)
{
    uint64_t sequence = 0;
    return slc_digest_pair_read(station->config.pair, &sequence, ret_digest) ? sequence : 0;
}

/* Makes the block durable, and notes how long that took. */
static slc_err_t commit(slc_journal_station_t *station)
{
    const slc_sys_t *sys = station->config.sys;
    slc_writer_t *writer = station->config.writer;
    uint64_t digest = 0;
    uint64_t sequence = known_digest(station, &digest);
    uint64_t events = slc_writer_pending(writer);
    uint64_t bytes = slc_writer_stats(writer).bytes;
    uint64_t begun_ns = sys->monotonic_ns(sys->self);
    slc_err_t err = slc_writer_commit(writer, sequence, digest, station->error);
    if (err == SLC_OK) {
        slc_histogram_add(&station->meters.write_ns, &slc_bounds_ns,
                          sys->monotonic_ns(sys->self) - begun_ns, 1);
        slc_histogram_add(&station->meters.events, &slc_bounds_events, events, 1);
        slc_histogram_add(&station->meters.bytes, &slc_bounds_bytes,
                          slc_writer_stats(writer).bytes - bytes, 1);
    }
    return err;
}

static int64_t batch(void *context, uint64_t first, uint64_t count)
{
    slc_journal_station_t *station = context;
    slc_writer_t *writer = station->config.writer;
    if (slc_journal_station_look(station, station->error) != SLC_OK) {
        return -1;
    }
    uint64_t time_us = station->time_us;
    begin_block(station);
    uint64_t done = 0;
    while (done < count) {
        slc_slot_t *slot = slc_ring_slot(station->config.ring, first + done);
        if (!slot_journal(station, slot)) {
            if (slc_writer_pending(writer) > 0) {
                break;
            }
            if (make_room(station, slot) != SLC_OK) {
                return -1;
            }
        }
        if (done == 0) {
            slot->flags |= SLC_SLOT_BATCH_TIME;
            slot->time_us = time_us; /* takes the place of hint_until_us, which has been used */
        }
        done++;
    }
    SLC_CHECK(done > 0);
    if (slc_writer_pending(writer) > 0) {
        if (commit(station) != SLC_OK) {
            return -1;
        }
        station->sealed = false;
    }
    SLC_CHECK(slc_writer_sequence(writer) == station->sequence);
    return (int64_t)done;
}

int64_t slc_journal_station_turn(slc_journal_station_t *station, slc_error_t *ret_error)
{
    station->error = ret_error;
    return slc_consumer_poll_quietly(station->config.consumer, batch, station);
}

static slc_err_t seal(slc_journal_station_t *station, slc_error_t *ret_error)
{
    uint64_t digest = 0;
    uint64_t sequence = known_digest(station, &digest);
    slc_err_t err = slc_writer_seal(station->config.writer, sequence, digest, ret_error);
    station->sealed = err == SLC_OK;
    return err;
}

slc_err_t slc_journal_station_idle(slc_journal_station_t *station, slc_error_t *ret_error)
{
    if (station->room.read_only) {
        slc_err_t err = slc_journal_station_look(station, ret_error);
        if (err != SLC_OK) {
            return err;
        }
    }
    return station->sealed ? SLC_OK : seal(station, ret_error);
}

void slc_journal_station_read_only(slc_journal_station_t *station, char ret_reason[SLC_ROOM_REASON_BYTES])
{
    slc_room_reason(&station->room, ret_reason);
}

const slc_journal_meters_t *slc_journal_station_meters(const slc_journal_station_t *station)
{
    return &station->meters;
}

uint64_t slc_journal_station_rest_ns(const slc_journal_station_t *station)
{
    uint64_t look_ns = station->room.read_only ? SLC_ROOM_LOOK_US * 1000 : UINT64_MAX;
    return station->sealed ? look_ns : IDLE_BEFORE_SEAL_NS;
}
