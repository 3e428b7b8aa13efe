#include "verify_snapshots.h"

#include "memory.h"
#include "progress.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void verified_snapshots_finish(verified_snapshots_t *snapshots)
{
    free(snapshots->items);
    memset(snapshots, 0, sizeof *snapshots);
}

static slc_err_t list(const char *directory, uint64_t **ret_sequences, size_t *ret_count,
                      slc_error_t *ret_error)
{
    size_t room = 0;
    slc_err_t code = slc_snapshot_list(directory, NULL, 0, &room, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    *ret_sequences = replay_allocate((room + 1) * sizeof **ret_sequences);
    code = slc_snapshot_list(directory, *ret_sequences, room, ret_count, ret_error);
    *ret_count = *ret_count < room ? *ret_count : room;
    return code;
}

/* What it says of itself, then whether that holds. */
static slc_err_t look_at(const char *directory, uint64_t sequence, verified_snapshot_t *item)
{
    slc_snapshot_t *snapshot = NULL;
    slc_state_t *state = NULL;
    replay_progress_t progress;
    *item = (verified_snapshot_t){.info = {.sequence = sequence}};
    slc_err_t code = slc_snapshot_open(directory, sequence, &snapshot, &item->why);
    if (code != SLC_OK) {
        return code;
    }
    slc_snapshot_info_t info = slc_snapshot_info(snapshot);
    slc_snapshot_close(snapshot);
    replay_progress_begin(&progress, "loading snapshot");
    code = slc_state_load(directory, sequence, replay_progress_update, &progress, &state, &item->why);
    replay_progress_end(&progress);
    slc_state_destroy(state);
    if (code == SLC_OK) {
        item->info = info;
    }
    return code;
}

slc_err_t verify_snapshots(verified_snapshots_t *snapshots, const char *directory, slc_error_t *ret_error)
{
    uint64_t *sequences = NULL;
    size_t count = 0;
    verified_snapshots_finish(snapshots);
    slc_err_t code = list(directory, &sequences, &count, ret_error);
    if (code == SLC_OK) {
        snapshots->listed = true;
        snapshots->newest_name = count == 0 ? 0 : sequences[count - 1];
        snapshots->items = replay_allocate((count + 1) * sizeof *snapshots->items);
    }
    for (size_t i = 0; code == SLC_OK && i < count; i++) {
        verified_snapshot_t *item = &snapshots->items[snapshots->count];
        code = look_at(directory, sequences[i], item);
        if (code == SLC_OK || code == SLC_ERR_DAMAGED) {
            snapshots->count++;
            code = SLC_OK;
        } else if (code == SLC_ERR_IO && item->why.sys_errno == ENOENT) {
            code = SLC_OK; /* a live server needs it no longer */
        } else {
            *ret_error = item->why;
        }
    }
    free(sequences);
    return code;
}

bool verified_are_outdated(const verified_snapshots_t *snapshots, const char *directory)
{
    uint64_t *sequences = NULL;
    size_t count = 0;
    slc_error_t ignored;
    bool outdated = list(directory, &sequences, &count, &ignored) == SLC_OK && count > 0 &&
                    sequences[count - 1] != snapshots->newest_name;
    free(sequences);
    return outdated;
}

const verified_snapshot_t *verified_first_bad(const verified_snapshots_t *snapshots)
{
    for (size_t i = 0; i < snapshots->count; i++) {
        if (snapshots->items[i].why.code != SLC_OK) {
            return &snapshots->items[i];
        }
    }
    return NULL;
}

uint64_t verified_newest(const verified_snapshots_t *snapshots)
{
    return snapshots->count == 0 ? 0 : snapshots->items[snapshots->count - 1].info.sequence;
}

uint64_t verified_newest_good(const verified_snapshots_t *snapshots)
{
    for (size_t i = snapshots->count; i-- > 0;) {
        if (snapshots->items[i].why.code == SLC_OK) {
            return snapshots->items[i].info.sequence;
        }
    }
    return 0;
}

void verified_print(const verified_snapshots_t *snapshots)
{
    char written[REPLAY_TIME_BYTES];
    printf("snapshots     %zu\n", snapshots->count);
    for (size_t i = 0; i < snapshots->count; i++) {
        const verified_snapshot_t *item = &snapshots->items[i];
        if (item->why.code != SLC_OK) {
            printf("              behind event %" PRIu64 ": DAMAGED: %s\n", item->info.sequence,
                   item->why.message);
            continue;
        }
        printf("              behind event %" PRIu64 ": %" PRIu64 " drops, %" PRIu64 " orders, %" PRIu64
               " bytes, digest %016" PRIx64 ", written %s\n",
               item->info.sequence, item->info.drops, item->info.orders, item->info.bytes,
               item->info.digest, replay_time(item->info.written_us, written));
    }
}

void verified_print_json(const verified_snapshots_t *snapshots)
{
    putchar('[');
    for (size_t i = 0; i < snapshots->count; i++) {
        const verified_snapshot_t *item = &snapshots->items[i];
        bool good = item->why.code == SLC_OK;
        printf("%s{\"sequence\":%" PRIu64 ",\"result\":\"%s\",\"time_us\":%" PRIu64
               ",\"written_us\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"drops\":%" PRIu64
               ",\"orders\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\",\"error\":",
               i == 0 ? "" : ",", item->info.sequence, good ? "ok" : "damaged", item->info.time_us,
               item->info.written_us, item->info.bytes, item->info.drops, item->info.orders,
               item->info.digest);
        replay_put_quoted(stdout, replay_text(good ? "" : item->why.message));
        putchar('}');
    }
    putchar(']');
}
