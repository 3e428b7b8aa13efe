#include "state/state.h"

#include "base/error.h"
#include "journal/found.h"
#include "logic/cut.h"
#include "snapshot/write.h"

/* Drops copied at a time: nobody waits for this logic. */
#define STEP_DROPS 4096u
/* Entries between two looks at the clock. */
#define LOOK_ENTRIES 4096u

typedef struct {
    slc_cut_t *cut;
    slc_watch_t *watch;
    uint64_t bytes; /* of the journal and snapshots read: the measure of the way so far */
    uint64_t expected;
    uint64_t taken;
} source_t;

static bool next_entry(void *context, slc_entry_t *ret_entry)
{
    source_t *source = context;
    if (source->taken % LOOK_ENTRIES == 0) {
        double share =
            source->taken < source->expected ? (double)source->taken / (double)source->expected : 1;
        slc_watch_tell(source->watch, (uint64_t)(share * (double)source->bytes), source->bytes, 0, false);
    }
    source->taken++;
    return slc_cut_next(source->cut, ret_entry);
}

static slc_err_t write_snapshot(const slc_directory_t *directory, slc_logic_t *logic, slc_watch_t *watch,
                                slc_snapshot_info_t *ret_info, slc_error_t *error)
{
    slc_cut_t *cut = slc_logic_cut_begin(logic);
    if (cut == NULL) {
        return slc_error_set(error, SLC_ERR_NO_MEMORY, "out of memory for writing a snapshot");
    }
    while (slc_logic_cut_step(logic, STEP_DROPS) == SLC_CUT_MORE) {
    }
    const slc_snapshot_info_t info = slc_cut_info(cut);
    source_t source = {
        .cut = cut, .watch = watch, .bytes = watch->done_bytes, .expected = info.drops + info.orders + 1};
    slc_err_t code = slc_snapshot_write(
        directory, &(slc_snapshot_source_t){.info = info, .next = next_entry, .context = &source},
        ret_info, error);
    slc_logic_cut_end(logic, cut);
    return code;
}

static slc_err_t fill(const char *into, slc_logic_t *logic, slc_watch_t *watch,
                      slc_snapshot_info_t *ret_info, slc_error_t *error)
{
    slc_directory_t *directory = NULL;
    slc_err_t code = slc_directory_found(slc_sys_posix(), into, &directory, error);
    if (code == SLC_OK) {
        code = write_snapshot(directory, logic, watch, ret_info, error);
    }
    if (code == SLC_OK) {
        code = slc_directory_name(directory, error);
    }
    slc_directory_close(directory);
    return code;
}

static slc_err_t compact(const char *data_dir, const char *into, slc_watch_t *watch,
                         slc_snapshot_info_t *ret_info, slc_error_t *error)
{
    slc_directory_t *directory = NULL;
    slc_logic_t *logic = NULL;
    /* Said before the long work, and looked at again behind it. */
    slc_err_t code = slc_directory_check_empty(slc_sys_posix(), into, error);
    if (code == SLC_OK) {
        code = slc_directory_open_readonly(slc_sys_posix(), data_dir, &directory, error);
    }
    if (code == SLC_OK) {
        code = slc_state_rebuild(directory, UINT64_MAX, watch, &logic, error);
    }
    if (code == SLC_OK && slc_logic_sequence(logic) == 0) {
        code =
            slc_error_set(error, SLC_ERR_USAGE,
                          "data directory %s: there is no event yet, and nothing to compact", data_dir);
    }
    if (code == SLC_OK) {
        code = fill(into, logic, watch, ret_info, error);
    }
    slc_logic_destroy(logic);
    slc_directory_close(directory);
    return code;
}

slc_err_t slc_state_compact(const char *data_dir, const char *into, slc_state_progress_fn progress,
                            void *context, slc_compacted_t *ret_compacted, slc_error_t *ret_error)
{
    slc_snapshot_info_t info = {0};
    slc_error_t error = {0};
    slc_watch_t watch = slc_watch_begin(slc_sys_posix(), progress, context);
    slc_err_t code = compact(data_dir, into, &watch, &info, &error);
    if (code != SLC_OK) {
        if (ret_error != NULL) {
            *ret_error = error;
        }
        return code;
    }
    *ret_compacted = (slc_compacted_t){
        .sequence = info.sequence,
        .digest = info.digest,
        .drops = info.drops,
        .orders = info.orders,
        .bytes = info.bytes,
    };
    return SLC_OK;
}
