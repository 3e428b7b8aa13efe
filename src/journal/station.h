/* The journal station: drains what is published, decides which slots become events, gives them their
 * sequences and their time, and makes them durable as one block. It lets the apply station see a slot
 * only once that block's write has returned.
 *
 * A BUY that ingress marked as a probable refusal is passed by, unwritten, if nothing could have turned
 * the refusal into a sale since the hint was true: no operator's event behind hint_sequence, and the time
 * of this batch below hint_until_us. Otherwise it is journaled like any other. This station sees every
 * event in order, so the comparison is exact: what it passes by is certain to be refused (or to be known
 * by its key) at its own place in the ring, and nothing ever has to be asked a second time.
 *
 * While there is no room to sell (journal/room.h) it marks BUYs, openings and adjustments READ_ONLY and
 * passes them by, unwritten: the apply station answers what it knows of them, at their place in the
 * order. Whatever was claimed is either in a block that has its room, or marked.
 *
 * Happy path: begin, mark and append, commit, progress. Failure: the first commit or seal that fails
 * answers -1; nothing of that batch is acknowledged, and the process has to stop.
 *
 * Threads: one at a time (engine/relay.h), but for _read_only and _meters. Ownership: create/destroy;
 * ring, writer, board and pair are the caller's. */
#ifndef SLC_JOURNAL_STATION_H
#define SLC_JOURNAL_STATION_H

#include "base/digest_pair.h"
#include "base/meter.h"
#include "journal/room.h"

#include <sluice/disruptor.h>

typedef struct slc_journal_station slc_journal_station_t;

typedef struct slc_journal_station_config {
    const slc_sys_t *sys;
    slc_ring_t *ring;
    slc_consumer_t *consumer;
    slc_writer_t *writer;
    const slc_digest_pair_t *pair; /* what the apply station published last */
    uint64_t time_us;              /* of the last journaled event */
} slc_journal_station_config_t;

/* Of the blocks with events, each made durable by one write (and a roll, where it was due). */
typedef struct slc_journal_meters {
    slc_histogram_t write_ns; /* slc_bounds_ns */
    slc_histogram_t events;   /* slc_bounds_events */
    slc_histogram_t bytes;    /* slc_bounds_bytes, with the padding */
} slc_journal_meters_t;

/* NULL: no memory. */
slc_journal_station_t *slc_journal_station_create(const slc_journal_station_config_t *config);
/* NULL is fine. */
void slc_journal_station_destroy(slc_journal_station_t *station);

/* Looks for room; once before the first turn, so that it is known from the start. OK, or why it had to
 * stop. */
slc_err_t slc_journal_station_look(slc_journal_station_t *station, slc_error_t *ret_error);
/* One turn without waiting: slots done with, or -1 and *ret_error. Wakes nobody: who sleeps behind the
 * consumer is the caller's to announce to, or to do the turn of. */
int64_t slc_journal_station_turn(slc_journal_station_t *station, slc_error_t *ret_error);
/* Nanoseconds without a slot after which slc_journal_station_idle is due; UINT64_MAX: never. */
uint64_t slc_journal_station_rest_ns(const slc_journal_station_t *station);
/* Nothing came for so long, or nothing will come any more: seals the journal, unless that is done; while
 * it is read-only, looks for room. OK, or why it had to stop. */
slc_err_t slc_journal_station_idle(slc_journal_station_t *station, slc_error_t *ret_error);
/* Why it is read-only; empty: it is not. Any thread. */
void slc_journal_station_read_only(slc_journal_station_t *station,
                                   char ret_reason[SLC_ROOM_REASON_BYTES]);
/* Good as long as the station is. Any thread. */
const slc_journal_meters_t *slc_journal_station_meters(const slc_journal_station_t *station);

#endif
