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
    uint64_t sequence;             /* of the last event put into a block */
    uint64_t last_change_sequence; /* of the last operator's event: hints older than this are void */
    slc_error_t *error;            /* of the turn under way */
    bool sealed;
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
    return station;
}

void slc_journal_station_destroy(slc_journal_station_t *station)
{
    free(station);
}

static uint64_t batch_time_us(slc_journal_station_t *station)
{
    const slc_sys_t *sys = station->config.sys;
    uint64_t now_us = sys->monotonic_ns(sys->self) / 1000 + station->realtime_offset_us;
    if (now_us > station->time_us) {
        station->time_us = now_us;
    }
    return station->time_us;
}

static bool is_certain_refusal(const slc_journal_station_t *station, const slc_slot_t *slot)
{
    return (slot->flags & SLC_SLOT_PROBABLE_REFUSAL) != 0 &&
           slot->hint_sequence >= station->last_change_sequence && station->time_us < slot->hint_until_us;
}

/* Puts the slot into the block if it is an event. False: the block is full. */
static bool slot_journal(slc_journal_station_t *station, slc_slot_t *slot)
{
    slc_writer_t *writer = station->config.writer;
    if (slot->kind == SLC_SLOT_BUY && !is_certain_refusal(station, slot)) {
        slc_text_t user = {slot->user, slot->user_bytes};
        if (!slc_writer_append_order(writer, slot->as.ask.drop_id, user, slot->quantity,
                                     slot->as.ask.order_key)) {
            return false;
        }
    } else if (slot->kind == SLC_SLOT_COMMAND && slot->as.command->is_change) {
        if (!slc_writer_append_event(writer, &slot->as.command->event)) {
            return false;
        }
        station->last_change_sequence = station->sequence + 1;
    } else {
        return true;
    }
    station->sequence++;
    slot->flags |= SLC_SLOT_JOURNALED;
    return true;
}

static int64_t batch(void *context, uint64_t first, uint64_t count)
{
    slc_journal_station_t *station = context;
    slc_writer_t *writer = station->config.writer;
    uint64_t time_us = batch_time_us(station);
    slc_writer_begin(writer, time_us);
    uint64_t done = 0;
    while (done < count) {
        slc_slot_t *slot = slc_ring_slot(station->config.ring, first + done);
        if (!slot_journal(station, slot)) {
            break;
        }
        if (done == 0) {
            slot->flags |= SLC_SLOT_BATCH_TIME;
            slot->time_us = time_us; /* takes the place of hint_until_us, which has been used */
        }
        done++;
    }
    SLC_CHECK(done > 0); /* an empty block has room for any event */
    if (slc_writer_pending(writer) > 0) {
        uint64_t sequence = 0;
        uint64_t digest = 0;
        if (!slc_digest_pair_read(station->config.pair, &sequence, &digest)) {
            sequence = 0;
        }
        if (slc_writer_commit(writer, sequence, digest, station->error) != SLC_OK) {
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
    return slc_consumer_poll(station->config.consumer, batch, station);
}

static slc_err_t seal(slc_journal_station_t *station, slc_error_t *ret_error)
{
    uint64_t sequence = 0;
    uint64_t digest = 0;
    if (!slc_digest_pair_read(station->config.pair, &sequence, &digest)) {
        sequence = 0;
    }
    slc_err_t err = slc_writer_seal(station->config.writer, sequence, digest, ret_error);
    station->sealed = err == SLC_OK;
    return err;
}

slc_err_t slc_journal_station_idle(slc_journal_station_t *station, slc_error_t *ret_error)
{
    return station->sealed ? SLC_OK : seal(station, ret_error);
}

slc_err_t slc_journal_station_run(slc_journal_station_t *station, slc_error_t *ret_error)
{
    slc_consumer_t *consumer = station->config.consumer;
    while (!slc_consumer_done(consumer)) {
        int64_t done = slc_journal_station_turn(station, ret_error);
        if (done < 0) {
            return ret_error->code;
        }
        if (done > 0 || slc_consumer_wait(consumer, station->sealed ? UINT64_MAX : IDLE_BEFORE_SEAL_NS)) {
            continue;
        }
        slc_err_t err = slc_journal_station_idle(station, ret_error);
        if (err != SLC_OK) {
            return err;
        }
    }
    return slc_journal_station_idle(station, ret_error);
}
