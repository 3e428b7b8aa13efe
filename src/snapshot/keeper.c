#include "snapshot/keeper.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "journal/segment.h"
#include "snapshot/write.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_NS UINT64_C(1000000000)
/* The longest nap between two pieces of work. */
#define NAP_NS_MAX (UINT64_C(50) * 1000 * 1000)
/* At a stop: less journal than this is replayed sooner than a snapshot is worth. */
#define LAST_JOURNAL_BYTES (UINT64_C(8) << 20)
/* At a stop: as many orders take about a second. */
#define LAST_ORDERS UINT64_C(2000000)

struct slc_keeper {
    slc_keeper_config_t config;
    const slc_sys_t *sys;
    slc_retainer_t *retainer;
    uint64_t due_from_ns;    /* when the last one was taken, or the start */
    uint64_t not_before_ns;  /* by itself: behind a failure */
    uint64_t journaled_then; /* bytes of journal when the last one was taken */
    bool asked;              /* for the one that is due */
    uint32_t synced_segment; /* segments below are synced */
    bool sync_failed;        /* the journal may have lost what no second sync would tell of */
    pthread_mutex_t mutex;   /* of the status */
    slc_keeper_status_t status;
};

/* ---- status ---- */

slc_keeper_status_t slc_keeper_status(slc_keeper_t *keeper)
{
    SLC_CHECK(pthread_mutex_lock(&keeper->mutex) == 0);
    slc_keeper_status_t status = keeper->status;
    SLC_CHECK(pthread_mutex_unlock(&keeper->mutex) == 0);
    return status;
}

static void note_written(slc_keeper_t *keeper, const slc_snapshot_info_t *info)
{
    SLC_CHECK(pthread_mutex_lock(&keeper->mutex) == 0);
    keeper->status.sequence = info->sequence;
    keeper->status.bytes = info->bytes;
    keeper->status.written_us = info->written_us;
    keeper->status.written++;
    keeper->status.error[0] = '\0';
    SLC_CHECK(pthread_mutex_unlock(&keeper->mutex) == 0);
    slc_log(SLC_LOG_INFO,
            "snapshot written up to sequence %" PRIu64 ": %" PRIu64 " orders, %" PRIu64 " bytes",
            info->sequence, info->orders, info->bytes);
}

static void note_failed(slc_keeper_t *keeper, const char *why)
{
    SLC_CHECK(pthread_mutex_lock(&keeper->mutex) == 0);
    keeper->status.failed++;
    (void)snprintf(keeper->status.error, sizeof keeper->status.error, "%s", why);
    SLC_CHECK(pthread_mutex_unlock(&keeper->mutex) == 0);
    keeper->not_before_ns = keeper->sys->monotonic_ns(keeper->sys->self) + SECOND_NS;
    SLC_LOG_LIMITED(1, SLC_LOG_WARN, "no snapshot: %s; the engine goes on, and the journal is kept", why);
}

/* How much journal there is. What cannot be looked at counts as before. */
static void note_journal(slc_keeper_t *keeper)
{
    const slc_directory_t *directory = keeper->config.directory;
    uint32_t *numbers = NULL;
    size_t count = 0;
    uint64_t bytes = 0;
    if (slc_segment_list(directory, &numbers, &count, NULL) != SLC_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char name[SLC_SEGMENT_NAME_BYTES];
        slc_segment_name(numbers[i], name);
        int fd = keeper->sys->open(keeper->sys->self, directory->fd, name, O_RDONLY | O_CLOEXEC, 0);
        int64_t size = fd < 0 ? 0 : keeper->sys->size(keeper->sys->self, fd);
        bytes += size < 0 ? 0 : (uint64_t)size;
        (void)(fd < 0 ? 0 : keeper->sys->close(keeper->sys->self, fd)); /* only looked at */
    }
    free(numbers);
    SLC_CHECK(pthread_mutex_lock(&keeper->mutex) == 0);
    keeper->status.journal_bytes = bytes;
    keeper->status.journal_segments = count;
    SLC_CHECK(pthread_mutex_unlock(&keeper->mutex) == 0);
}

/* ---- one snapshot ---- */

/* Sleeps as long as was worked; false: the engine stops. */
static bool rest(void *context, uint64_t worked_ns)
{
    slc_keeper_t *keeper = context;
    if (!keeper->config.paced) {
        return true;
    }
    return slc_handover_nap(keeper->config.handover, worked_ns < NAP_NS_MAX ? worked_ns : NAP_NS_MAX);
}

typedef struct pages {
    slc_keeper_t *keeper;
    slc_cut_t *cut;
} pages_t;

static bool next_of_cut(void *context, slc_entry_t *ret_entry)
{
    return slc_cut_next(((pages_t *)context)->cut, ret_entry);
}

static bool rest_of_cut(void *context, uint64_t worked_ns)
{
    return rest(((pages_t *)context)->keeper, worked_ns);
}

static int sync_segment(slc_keeper_t *keeper, const char *name)
{
    const slc_sys_t *sys = keeper->sys;
    int fd = sys->open(sys->self, keeper->config.directory->fd, name, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) {
        return fd;
    }
    int code = sys->fdatasync(sys->self, fd);
    keeper->sync_failed = code < 0;
    int closed = sys->close(sys->self, fd);
    return code < 0 ? code : closed;
}

/* Segments that the page cache alone may hold are made durable; those below the newest stay so. A sync
 * that failed is not tried again: the page cache would say yes, and a snapshot would stand above a hole.
 */
static slc_err_t sync_journal(slc_keeper_t *keeper, slc_error_t *ret_error)
{
    const slc_directory_t *directory = keeper->config.directory;
    uint32_t *numbers = NULL;
    size_t count = 0;
    if (keeper->sync_failed) {
        return slc_error_set(ret_error, SLC_ERR_IO,
                             "an earlier sync of the journal failed; no snapshot before a restart");
    }
    slc_err_t err = slc_segment_list(directory, &numbers, &count, ret_error);
    for (size_t i = 0; err == SLC_OK && i < count; i++) {
        char name[SLC_SEGMENT_NAME_BYTES];
        if (numbers[i] < keeper->synced_segment) {
            continue;
        }
        slc_segment_name(numbers[i], name);
        int code = sync_segment(keeper, name);
        if (code < 0) {
            err = slc_error_sys(ret_error, SLC_ERR_IO, -code, "cannot sync %s/%s", directory->path, name);
        } else {
            keeper->synced_segment = numbers[i];
        }
    }
    free(numbers);
    int code = err == SLC_OK ? keeper->sys->fsync(keeper->sys->self, directory->fd) : 0;
    keeper->sync_failed = keeper->sync_failed || code < 0; /* the names of new segments, too */
    return code < 0 ? slc_error_sys(ret_error, SLC_ERR_IO, -code, "cannot sync the data directory %s",
                                    directory->path)
                    : err;
}

static slc_err_t write_cut(slc_keeper_t *keeper, slc_cut_t *cut, slc_snapshot_info_t *ret_info,
                           slc_error_t *ret_error)
{
    pages_t pages = {.keeper = keeper, .cut = cut};
    const slc_snapshot_source_t source = {
        .info = slc_cut_info(cut), .next = next_of_cut, .rest = rest_of_cut, .context = &pages};
    slc_err_t err = keeper->config.sync_journal ? sync_journal(keeper, ret_error) : SLC_OK;
    return err == SLC_OK ? slc_snapshot_write(keeper->config.directory, &source, ret_info, ret_error)
                         : err;
}

static void sweep(slc_keeper_t *keeper)
{
    slc_error_t error;
    slc_err_t code = slc_retainer_sweep(keeper->retainer, rest, keeper, &error);
    if (code != SLC_OK && code != SLC_ERR_CLOSED) {
        SLC_LOG_LIMITED(1, SLC_LOG_WARN, "what snapshots cover stays for now: %s", error.message);
    }
    note_journal(keeper);
}

/* Writes what was cut, unless it is there already; true: it is on disk. */
static bool keep(slc_keeper_t *keeper, slc_cut_t *cut)
{
    slc_error_t error;
    slc_snapshot_info_t info = slc_cut_info(cut);
    if (info.sequence == 0 || info.sequence == slc_keeper_status(keeper).sequence) {
        return true; /* nothing happened since: the one on disk is as good */
    }
    slc_err_t code = write_cut(keeper, cut, &info, &error);
    if (code == SLC_ERR_CLOSED) {
        return false; /* the engine stops */
    }
    if (code != SLC_OK) {
        note_failed(keeper, error.message);
        return false;
    }
    slc_retainer_note_good(keeper->retainer, info.sequence);
    note_written(keeper, &info);
    return true;
}

/* ---- turns ---- */

static void ask_if_due(slc_keeper_t *keeper)
{
    const slc_keeper_config_t *config = &keeper->config;
    uint64_t now_ns = keeper->sys->monotonic_ns(keeper->sys->self);
    uint64_t applied = config->applied(config->context);
    bool by_time = config->interval_ns != 0 && now_ns - keeper->due_from_ns >= config->interval_ns;
    bool by_size = config->journal_bytes != 0 &&
                   config->journaled(config->context) - keeper->journaled_then >= config->journal_bytes;
    if ((by_time || by_size) && !keeper->asked && now_ns >= keeper->not_before_ns &&
        applied != slc_keeper_status(keeper).sequence) {
        keeper->asked = true;
        slc_handover_want(config->handover);
    }
}

bool slc_keeper_turn(slc_keeper_t *keeper)
{
    const slc_keeper_config_t *config = &keeper->config;
    bool failed = false;
    slc_cut_t *cut = slc_handover_take(config->handover, &failed);
    if (failed) {
        note_failed(keeper, "out of memory for cutting the state");
        keeper->asked = false;
    }
    if (cut == NULL) {
        ask_if_due(keeper);
        return failed;
    }
    keeper->due_from_ns = keeper->sys->monotonic_ns(keeper->sys->self);
    keeper->journaled_then = config->journaled(config->context);
    bool kept = keep(keeper, cut);
    slc_handover_return(config->handover, cut);
    keeper->asked = false;
    if (kept) {
        sweep(keeper);
    }
    return true;
}

void slc_keeper_run(slc_keeper_t *keeper)
{
    const slc_keeper_config_t *config = &keeper->config;
    /* Dues are looked at so often; a request wakes it at once. */
    uint64_t look_ns = config->interval_ns != 0 && config->interval_ns < SECOND_NS
                           ? config->interval_ns / 2
                           : SECOND_NS / 4;
    sweep(keeper); /* what the last run left undone */
    do {
        while (slc_keeper_turn(keeper)) {
        }
    } while (slc_handover_wait(config->handover, look_ns));
}

bool slc_keeper_last(slc_keeper_t *keeper, slc_logic_t *logic)
{
    const slc_keeper_config_t *config = &keeper->config;
    if (config->journaled(config->context) - keeper->journaled_then < LAST_JOURNAL_BYTES ||
        slc_logic_order_count(logic) > LAST_ORDERS) {
        return false;
    }
    slc_cut_t *cut = slc_logic_cut_begin(logic);
    if (cut == NULL) {
        return false; /* no memory for one: the next start replays more */
    }
    while (slc_logic_cut_step(logic, 4096) == SLC_CUT_MORE) {
    }
    keeper->config.paced = false;
    bool kept = keep(keeper, cut);
    slc_logic_cut_end(logic, cut);
    if (kept) {
        sweep(keeper);
    }
    return kept;
}

/* ---- life ---- */

slc_err_t slc_keeper_create(const slc_keeper_config_t *config, slc_keeper_t **ret_keeper,
                            slc_error_t *ret_error)
{
    slc_keeper_t *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for the snapshots");
    }
    keeper->config = *config;
    keeper->sys = config->directory->sys;
    keeper->due_from_ns = keeper->sys->monotonic_ns(keeper->sys->self);
    SLC_CHECK(pthread_mutex_init(&keeper->mutex, NULL) == 0);
    keeper->status.sequence = config->sequence;
    keeper->status.bytes = config->bytes;
    keeper->status.written_us = config->written_us;
    slc_err_t code =
        slc_retainer_create(config->directory, &config->retain, &keeper->retainer, ret_error);
    if (code != SLC_OK) {
        slc_keeper_destroy(keeper);
        return code;
    }
    if (config->sequence != 0) {
        slc_retainer_note_good(keeper->retainer, config->sequence); /* the start has loaded it */
    }
    note_journal(keeper);
    *ret_keeper = keeper;
    return SLC_OK;
}

void slc_keeper_destroy(slc_keeper_t *keeper)
{
    if (keeper == NULL) {
        return;
    }
    slc_retainer_destroy(keeper->retainer);
    SLC_CHECK(pthread_mutex_destroy(&keeper->mutex) == 0);
    free(keeper);
}
