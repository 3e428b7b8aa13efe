/* Whether a snapshot may be relied on: not only that its bytes are those that were written, but that what
 * it holds adds up to the digest that the engine had. Segments are removed on the strength of this. */
#include "base/error.h"
#include "logic/digest.h"
#include "snapshot/files.h"

#include <inttypes.h>
#include <stdlib.h>

/* Entries between two rests: about 1 MiB. */
#define ENTRIES_PER_REST 32768u

typedef struct checking {
    const slc_directory_t *directory;
    const char *name;
    uint64_t sequence;
    slc_snapshot_rest_fn rest;
    void *context;
    slc_snapshot_info_t info;
    uint64_t drop_id;
    uint64_t digest;
    /* The orders that were cancelled: known behind the first pass, and then sorted. */
    uint64_t *cancelled;
    size_t count;
    size_t room;
    bool second;
    slc_error_t *error;
} checking_t;

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static slc_err_t note_cancelled(checking_t *checking, uint64_t order_id)
{
    if (checking->count == checking->room) {
        size_t room = checking->room == 0 ? 1024 : checking->room * 2;
        uint64_t *cancelled = realloc(checking->cancelled, room * sizeof *cancelled);
        if (cancelled == NULL) {
            return slc_error_set(checking->error, SLC_ERR_NO_MEMORY, "out of memory for checking %s",
                                 checking->name);
        }
        checking->cancelled = cancelled;
        checking->room = room;
    }
    checking->cancelled[checking->count++] = order_id;
    return SLC_OK;
}

static void add_order(checking_t *checking, const slc_entry_t *entry)
{
    uint64_t order_id = entry->as.order.order_id;
    checking->digest += slc_digest_order_parts(&(slc_order_parts_t){
        .drop_id = checking->drop_id,
        .order_id = order_id,
        .order_key = entry->as.order.order_key,
        .quantity = entry->as.order.quantity,
        .time_us = entry->as.order.time_us,
        .cancelled = checking->second && bsearch(&order_id, checking->cancelled, checking->count,
                                                 sizeof order_id, compare) != NULL,
        .user = entry->as.order.user,
    });
}

static slc_err_t add(checking_t *checking, const slc_entry_t *entry)
{
    switch (entry->kind) {
    case SLC_ENTRY_DROP:
        checking->drop_id = entry->as.drop.drop_id;
        checking->digest += slc_digest_drop(&entry->as.drop);
        return SLC_OK;
    case SLC_ENTRY_ORDER:
        add_order(checking, entry);
        return SLC_OK;
    case SLC_ENTRY_CANCEL:
        return checking->second ? SLC_OK : note_cancelled(checking, entry->as.cancel.order_id);
    case SLC_ENTRY_OP:
        checking->digest +=
            slc_digest_op(entry->as.op.op_key, entry->as.op.kind, entry->as.op.drop_id,
                          entry->as.op.contents, entry->as.op.sequence, entry->as.op.time_us);
        return SLC_OK;
    }
    return SLC_OK;
}

static slc_err_t rest_now_and_then(const checking_t *checking, uint64_t entries, uint64_t *begun_ns)
{
    const slc_sys_t *sys = checking->directory->sys;
    if (checking->rest == NULL || entries % ENTRIES_PER_REST != 0) {
        return SLC_OK;
    }
    bool go_on = checking->rest(checking->context, sys->monotonic_ns(sys->self) - *begun_ns);
    *begun_ns = sys->monotonic_ns(sys->self);
    return go_on ? SLC_OK
                 : slc_error_set(checking->error, SLC_ERR_CLOSED, "stopped while checking %s",
                                 checking->name);
}

/* Reads all of it once: OK behind its end. */
static slc_err_t pass(checking_t *checking)
{
    const slc_sys_t *sys = checking->directory->sys;
    slc_snapshot_t *snapshot = NULL;
    slc_err_t code = slc_snapshot_open_file(checking->directory, checking->name, checking->sequence,
                                            &snapshot, checking->error);
    uint64_t begun_ns = sys->monotonic_ns(sys->self);
    checking->digest = 0;
    for (uint64_t entries = 1; code == SLC_OK; entries++) {
        slc_entry_t entry;
        code = slc_snapshot_next(snapshot, &entry, checking->error);
        if (code == SLC_OK) {
            code = add(checking, &entry);
        }
        if (code == SLC_OK) {
            code = rest_now_and_then(checking, entries, &begun_ns);
        }
    }
    if (code == SLC_END) {
        checking->info = slc_snapshot_info(snapshot);
        code = SLC_OK;
    }
    slc_snapshot_close(snapshot);
    return code;
}

slc_err_t slc_snapshot_check(const slc_directory_t *directory, const char *name, uint64_t sequence,
                             slc_snapshot_rest_fn rest, void *context, slc_snapshot_info_t *ret_info,
                             slc_error_t *ret_error)
{
    slc_error_t error = {0};
    checking_t checking = {.directory = directory,
                           .name = name,
                           .sequence = sequence,
                           .rest = rest,
                           .context = context,
                           .error = &error};
    slc_err_t code = pass(&checking);
    if (code == SLC_OK && checking.count > 0) {
        qsort(checking.cancelled, checking.count, sizeof *checking.cancelled, compare);
        checking.second = true;
        code = pass(&checking);
    }
    free(checking.cancelled);
    if (code == SLC_OK && checking.digest != checking.info.digest) {
        code = slc_error_set(&error, SLC_ERR_DAMAGED,
                             "%s, offset 0: what it holds has digest %016" PRIx64
                             ", but the engine noted %016" PRIx64 "; look at it with: replay verify %s",
                             name, checking.digest, checking.info.digest, directory->path);
    }
    *ret_info = checking.info;
    if (code != SLC_OK && ret_error != NULL) {
        *ret_error = error;
    }
    return code;
}
