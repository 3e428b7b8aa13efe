#include "restore/newest.h"

#include "base/error.h"
#include "logic/expect.h"
#include "logic/load.h"
#include "snapshot/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Entries between two looks at the clock. */
#define LOOK_ENTRIES 4096u

/* ---- one snapshot ---- */

static slc_err_t contradicts(const slc_directory_t *directory, uint64_t sequence, const char *why,
                             slc_error_t *ret_error)
{
    char name[SLC_SNAPSHOT_NAME_BYTES];
    slc_snapshot_name(sequence, name);
    return slc_error_set(ret_error, SLC_ERR_DAMAGED, "%s: %s; look at it with: replay verify %s", name,
                         why, directory->path);
}

/* Loads the entries; frees `load` in any case. */
static slc_err_t take_entries(const slc_directory_t *directory, slc_snapshot_t *snapshot,
                              slc_logic_t *logic, slc_load_t *load, slc_watch_t *watch,
                              slc_error_t *ret_error)
{
    const slc_snapshot_info_t info = slc_snapshot_info(snapshot);
    /* Changes by operators are few; what is not counted here makes the last steps short. */
    uint64_t expected = info.drops + info.orders + 1;
    char why[256] = "";
    slc_err_t code = SLC_OK;
    for (uint64_t taken = 0; code == SLC_OK; taken++) {
        slc_entry_t entry;
        code = slc_snapshot_next(snapshot, &entry, ret_error);
        if (code == SLC_OK && !slc_load_entry(load, &entry, why)) {
            code = contradicts(directory, info.sequence, why, ret_error);
        }
        if (taken % LOOK_ENTRIES == 0) {
            slc_logic_expect(logic, taken, expected);
            double share = taken < expected ? (double)taken / (double)expected : 1;
            slc_watch_tell(watch, (uint64_t)(share * (double)info.bytes), info.bytes, 0, false);
        }
    }
    slc_logic_expect(logic, 0, 0);
    if (code != SLC_END) {
        slc_load_abandon(load);
        return code;
    }
    return slc_load_end(load, why) ? SLC_OK : contradicts(directory, info.sequence, why, ret_error);
}

static slc_err_t load_into(const slc_directory_t *directory, slc_snapshot_t *snapshot, slc_logic_t *logic,
                           slc_watch_t *watch, slc_error_t *ret_error)
{
    const slc_snapshot_info_t info = slc_snapshot_info(snapshot);
    slc_load_t *load = logic == NULL ? NULL : slc_load_begin(logic, &info);
    if (load == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for loading a snapshot");
    }
    return take_entries(directory, snapshot, logic, load, watch, ret_error);
}

slc_err_t slc_newest_load_one(const slc_directory_t *directory, uint64_t sequence, slc_watch_t *watch,
                              slc_logic_t **ret_logic, slc_snapshot_info_t *ret_info,
                              slc_error_t *ret_error)
{
    char name[SLC_SNAPSHOT_NAME_BYTES];
    slc_snapshot_t *snapshot = NULL;
    slc_snapshot_name(sequence, name);
    slc_err_t code = slc_snapshot_open_file(directory, name, sequence, &snapshot, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    slc_logic_t *logic = slc_logic_create();
    *ret_info = slc_snapshot_info(snapshot);
    code = load_into(directory, snapshot, logic, watch, ret_error);
    slc_snapshot_close(snapshot);
    slc_watch_step(watch, ret_info->bytes);
    if (code != SLC_OK) {
        slc_logic_destroy(logic);
        return code;
    }
    *ret_logic = logic;
    return SLC_OK;
}

/* ---- the newest good one ---- */

/* The disk cannot say what stands there; the one before may do. */
static bool is_bad(slc_err_t code, const slc_error_t *error)
{
    return code == SLC_ERR_DAMAGED || (code == SLC_ERR_IO && error->sys_errno == EIO);
}

static void refuse(slc_newest_t *newest, uint64_t sequence, const slc_error_t *why)
{
    if (newest->refused++ == 0) {
        newest->refused_sequence = sequence;
        newest->refused_why = *why;
    }
}

static slc_err_t try_each(const slc_directory_t *directory, const uint64_t *sequences, size_t count,
                          uint64_t until, slc_watch_t *watch, slc_newest_t *newest, slc_error_t *error)
{
    for (size_t i = count; i-- > 0;) {
        if (sequences[i] > until) {
            continue;
        }
        newest->last_name = newest->last_name == 0 ? sequences[i] : newest->last_name;
        slc_err_t code =
            slc_newest_load_one(directory, sequences[i], watch, &newest->logic, &newest->info, error);
        if (code == SLC_OK) {
            return SLC_OK;
        }
        newest->info = (slc_snapshot_info_t){0};
        if (!is_bad(code, error)) {
            return code;
        }
        refuse(newest, sequences[i], error);
    }
    newest->logic = slc_logic_create();
    return newest->logic != NULL ? SLC_OK
                                 : slc_error_set(error, SLC_ERR_NO_MEMORY, "out of memory for the state");
}

slc_err_t slc_newest_load(const slc_directory_t *directory, uint64_t until, slc_watch_t *watch,
                          slc_newest_t *ret_newest, slc_error_t *ret_error)
{
    uint64_t *sequences = NULL;
    size_t count = 0;
    slc_error_t error = {0};
    *ret_newest = (slc_newest_t){0};
    slc_err_t code = slc_snapshot_find(directory, &sequences, &count, &error);
    if (code == SLC_OK) {
        code = try_each(directory, sequences, count, until, watch, ret_newest, &error);
    }
    free(sequences);
    if (code != SLC_OK && ret_error != NULL) {
        *ret_error = error;
    }
    return code;
}

/* ---- what the journal says to it ---- */

slc_err_t slc_newest_check_end(const slc_newest_t *newest, const slc_directory_t *directory,
                               const slc_journal_end_t *end, slc_error_t *ret_error)
{
    char name[SLC_SNAPSHOT_NAME_BYTES];
    if (end->sequence >= newest->last_name) {
        return SLC_OK;
    }
    slc_snapshot_name(newest->last_name, name);
    return slc_error_set(ret_error, SLC_ERR_DAMAGED,
                         "%s is newer than the journal's end at segment %" PRIu32 ", offset %" PRIu64
                         ", event %" PRIu64 ": acknowledged events are missing; look at it with: replay "
                         "verify %s",
                         name, end->segment, end->offset, end->sequence, directory->path);
}

slc_err_t slc_newest_explain(const slc_newest_t *newest, slc_error_t *error)
{
    if (error->code != SLC_ERR_DAMAGED || newest->refused == 0) {
        return error->code;
    }
    slc_error_t journal = *error;
    return slc_error_set(
        error, SLC_ERR_DAMAGED, "%.240s; %" PRIu32 " snapshot%s cannot be loaded, the newest: %.180s",
        journal.message, newest->refused, newest->refused == 1 ? "" : "s", newest->refused_why.message);
}
