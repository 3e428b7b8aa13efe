#include <sluice/journal.h>

#include "base/error.h"
#include "journal/batch.h"

#include <stdlib.h>

struct slc_journal {
    slc_directory_t *directory;
    slc_scan_t *scan;
    uint64_t sought;     /* blocks that end before this event are passed over */
    slc_batch_t batch;   /* being read; without events: none */
    slc_error_t damaged; /* code other than OK: a payload is no EventBatch, which is final */
};

slc_err_t slc_journal_open(const char *data_dir, slc_journal_t **ret_journal, slc_error_t *ret_error)
{
    slc_journal_t *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for reading the journal");
    }
    slc_err_t code =
        slc_directory_open_readonly(slc_sys_posix(), data_dir, &journal->directory, ret_error);
    if (code == SLC_OK) {
        code = slc_scan_open(journal->directory, NULL, NULL, &journal->scan, ret_error);
    }
    if (code != SLC_OK) {
        slc_journal_close(journal);
        return code;
    }
    slc_scan_kept(journal->scan);
    *ret_journal = journal;
    return SLC_OK;
}

void slc_journal_close(slc_journal_t *journal)
{
    if (journal == NULL) {
        return;
    }
    slc_scan_close(journal->scan);
    slc_directory_close(journal->directory);
    free(journal);
}

/* What the scan cannot see: it checks blocks, not what stands in them. */
static slc_err_t refuse(const slc_journal_t *journal, slc_error_t *ret_error)
{
    if (ret_error != NULL) {
        *ret_error = journal->damaged;
    }
    return journal->damaged.code;
}

slc_err_t slc_journal_seek(slc_journal_t *journal, uint64_t sequence, slc_error_t *ret_error)
{
    if (journal->damaged.code != SLC_OK) {
        return refuse(journal, ret_error);
    }
    slc_err_t code = slc_scan_seek(journal->scan, sequence, ret_error);
    if (code == SLC_OK) {
        journal->sought = sequence;
        journal->batch = (slc_batch_t){0};
    }
    return code;
}

slc_err_t slc_journal_next_block(slc_journal_t *journal, slc_journal_block_t *ret_block,
                                 slc_error_t *ret_error)
{
    slc_scanned_t block;
    const slc_block_header_t *header = &block.header;
    if (journal->damaged.code != SLC_OK) {
        return refuse(journal, ret_error);
    }
    journal->batch = (slc_batch_t){0};
    do {
        slc_err_t code = slc_scan_next(journal->scan, &block, ret_error);
        if (code != SLC_OK) {
            return code;
        }
    } while (header->first_sequence + header->events <= journal->sought);
    *ret_block = (slc_journal_block_t){
        .segment = block.segment,
        .offset = block.offset,
        .bytes = header->total_bytes,
        .first_sequence = header->first_sequence,
        .events = header->events,
        .time_us = header->time_us,
        .durable_sequence = header->durable_sequence,
        .digest_sequence = header->digest_sequence,
        .digest = header->digest,
        .seal = (header->flags & SLC_BLOCK_SEAL) != 0,
    };
    slc_err_t code = slc_batch_begin(&journal->batch, journal->directory, &block, &journal->damaged);
    return code == SLC_OK ? SLC_OK : refuse(journal, ret_error);
}

slc_err_t slc_journal_next_event(slc_journal_t *journal, slc_event_t *ret_event, slc_error_t *ret_error)
{
    if (journal->damaged.code != SLC_OK) {
        return refuse(journal, ret_error);
    }
    slc_err_t code = slc_batch_next(&journal->batch, journal->directory, ret_event, &journal->damaged);
    return code == SLC_ERR_DAMAGED ? refuse(journal, ret_error) : code;
}

slc_journal_tail_t slc_journal_tail(const slc_journal_t *journal, uint32_t *ret_segment,
                                    uint64_t *ret_offset)
{
    const slc_scan_end_t *end = slc_scan_end(journal->scan);
    *ret_segment = end == NULL ? 0 : end->end.segment;
    *ret_offset = end == NULL ? 0 : end->end.offset;
    if (end == NULL) {
        return SLC_TAIL_UNKNOWN;
    }
    slc_verdict_t verdict = end->rule == NULL ? SLC_VERDICT_OPEN : end->rule->verdict;
    if (verdict == SLC_VERDICT_TORN) {
        return SLC_TAIL_TORN;
    }
    if (end->end.sequence == 0) {
        return SLC_TAIL_EMPTY;
    }
    return verdict == SLC_VERDICT_SEALED ? SLC_TAIL_SEALED : SLC_TAIL_OPEN;
}

void slc_journal_progress(const slc_journal_t *journal, uint64_t *ret_done_bytes,
                          uint64_t *ret_total_bytes)
{
    slc_scan_progress(journal->scan, ret_done_bytes, ret_total_bytes);
}

const uint8_t *slc_journal_directory_id(const slc_journal_t *journal)
{
    return journal->directory->id;
}
