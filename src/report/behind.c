#include "report/behind.h"

#include "base/check.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

void slc_behind_init(slc_behind_t *behind, uint32_t rows_room)
{
    *behind = (slc_behind_t){.rows_room = rows_room};
}

void slc_behind_finish(slc_behind_t *behind)
{
    slc_behind_clear(behind);
    free(behind->known);
    behind->known = NULL;
}

void slc_behind_clear(slc_behind_t *behind)
{
    free(behind->next);
    free(behind->changed);
    free(behind->gone);
    free(behind->rows);
    behind->next = NULL;
    behind->changed = NULL;
    behind->gone = NULL;
    behind->rows = NULL;
    behind->next_count = behind->changed_count = behind->gone_count = 0;
    behind->changed_room = behind->gone_room = 0;
    behind->rows_count = 0;
    behind->at = 0;
    behind->at_sequence = 0;
    behind->aimed = false;
}

void slc_behind_restart(slc_behind_t *behind, uint64_t covered, uint64_t covered_digest)
{
    slc_behind_finish(behind);
    behind->known_count = behind->known_room = 0;
    behind->covered = covered;
    behind->covered_digest = covered_digest;
}

void slc_behind_arrive(slc_behind_t *behind)
{
    free(behind->known);
    behind->known = behind->next;
    behind->known_count = behind->known_room = behind->next_count;
    behind->next = NULL;
    behind->covered = behind->aim.sequence;
    behind->covered_digest = behind->aim.digest;
    slc_behind_clear(behind);
}

/* ---- lists ---- */

/* Room for one more in a list; false: no memory. */
static bool has_room(void **list, size_t count, size_t *room, size_t bytes)
{
    if (count < *room) {
        return true;
    }
    size_t wanted = *room == 0 ? 16 : 2 * *room;
    void *grown = realloc(*list, wanted * bytes);
    if (grown == NULL) {
        return false;
    }
    *list = grown;
    *room = wanted;
    return true;
}

slc_behind_answer_t slc_behind_know(slc_behind_t *behind, const slc_drop_info_t *drop)
{
    void *list = behind->known;
    if (!has_room(&list, behind->known_count, &behind->known_room, sizeof *behind->known)) {
        return SLC_BEHIND_NO_MEMORY;
    }
    behind->known = list;
    SLC_CHECK(behind->known_count == 0 || behind->known[behind->known_count - 1].drop_id < drop->drop_id);
    behind->known[behind->known_count++] =
        (slc_known_t){.drop_id = drop->drop_id, .orders = drop->orders, .cancelled = drop->cancelled};
    return SLC_BEHIND_DONE;
}

static bool add_changed(slc_behind_t *behind, const slc_changed_t *changed)
{
    void *list = behind->changed;
    if (!has_room(&list, behind->changed_count, &behind->changed_room, sizeof *changed)) {
        return false;
    }
    behind->changed = list;
    behind->changed[behind->changed_count++] = *changed;
    return true;
}

static bool add_gone(slc_behind_t *behind, uint64_t drop_id, uint64_t until_order_id)
{
    void *list = behind->gone;
    if (!has_room(&list, behind->gone_count, &behind->gone_room, sizeof *behind->gone)) {
        return false;
    }
    behind->gone = list;
    behind->gone[behind->gone_count++] = (slc_gone_t){drop_id, until_order_id};
    return true;
}

/* ---- aiming ---- */

/* Never 0. Field by field: a struct has bytes between its fields that mean nothing. */
static uint64_t contents_of(const slc_drop_info_t *drop)
{
    const uint64_t numbers[] = {drop->drop_id,     drop->stock,         drop->sold,   drop->remaining,
                                drop->opens_at_us, drop->closes_at_us,  drop->orders, drop->cancelled,
                                drop->closed,      drop->per_user_limit};
    return slc_hash_seeded(drop->name, strlen(drop->name), slc_hash(numbers, sizeof numbers)) | 1;
}

/* One drop of the cut against what is known of it (NULL: nothing). */
static bool compare(slc_behind_t *behind, const slc_known_t *known, const slc_drop_info_t *drop,
                    uint64_t first)
{
    uint64_t contents = contents_of(drop);
    /* The file's orders lie at or before what is covered. If the drop has none that early, those are of
     * another one of the same number, that was purged. */
    bool is_other = known != NULL && known->orders > 0 && (first == 0 || first > behind->covered);
    behind->next[behind->next_count++] =
        (slc_known_t){drop->drop_id, drop->orders, drop->cancelled, contents};
    if (known != NULL && known->contents == contents && !is_other) {
        return true;
    }
    if (is_other && !add_gone(behind, drop->drop_id, first == 0 ? behind->aim.sequence : first - 1)) {
        return false;
    }
    bool is_grown = known != NULL && !is_other;
    const slc_changed_t changed = {.drop = *drop,
                                   .first = first,
                                   .orders = is_grown ? known->orders : 0,
                                   .cancelled = is_grown ? known->cancelled : 0};
    return add_changed(behind, &changed);
}

/* Drops of the cut and of the file side by side, both by rising drop_id. */
static bool compare_all(slc_behind_t *behind, slc_cut_t *cut)
{
    size_t at = 0;
    slc_entry_t entry;
    bool good = true;
    while (good && slc_cut_next_drop(cut, &entry)) {
        uint64_t drop_id = entry.as.drop.drop_id;
        for (; good && at < behind->known_count && behind->known[at].drop_id < drop_id; at++) {
            good = add_gone(behind, behind->known[at].drop_id, behind->aim.sequence);
        }
        bool is_known = at < behind->known_count && behind->known[at].drop_id == drop_id;
        good = good && compare(behind, is_known ? &behind->known[at] : NULL, &entry.as.drop,
                               slc_cut_first_record(cut));
        at += is_known;
    }
    for (; good && at < behind->known_count; at++) {
        good = add_gone(behind, behind->known[at].drop_id, behind->aim.sequence);
    }
    return good;
}

slc_behind_answer_t slc_behind_aim(slc_behind_t *behind, slc_cut_t *cut)
{
    slc_behind_clear(behind);
    behind->aim = slc_cut_info(cut);
    bool same_event = behind->covered == behind->aim.sequence;
    if (behind->covered > behind->aim.sequence ||
        (same_event && behind->covered_digest != 0 && behind->covered_digest != behind->aim.digest)) {
        return SLC_BEHIND_ALIEN;
    }
    /* Never 0 bytes: what that answers is for each library to say. */
    behind->next = malloc((behind->aim.drops + 1) * sizeof *behind->next);
    behind->rows = malloc(behind->rows_room * sizeof *behind->rows);
    if (behind->next == NULL || behind->rows == NULL || !compare_all(behind, cut)) {
        return SLC_BEHIND_NO_MEMORY;
    }
    behind->aimed = true;
    behind->at_sequence = behind->covered;
    return SLC_BEHIND_DONE;
}

/* ---- reading ---- */

static void add_row(slc_behind_t *behind, slc_changed_t *changed, const slc_entry_t *entry)
{
    slc_order_info_t *row = &behind->rows[behind->rows_count++];
    if (entry->kind == SLC_ENTRY_CANCEL) {
        changed->cancelled++;
        *row = (slc_order_info_t){.order_id = entry->as.cancel.order_id,
                                  .drop_id = changed->drop.drop_id,
                                  .cancelled = true,
                                  .cancel_sequence = entry->as.cancel.sequence,
                                  .cancel_time_us = entry->as.cancel.time_us};
        return;
    }
    changed->orders++;
    row->order_id = entry->as.order.order_id;
    row->drop_id = changed->drop.drop_id;
    row->order_key = entry->as.order.order_key;
    row->quantity = entry->as.order.quantity;
    row->time_us = entry->as.order.time_us;
    row->cancelled = false;
    memcpy(row->user, entry->as.order.user.data, entry->as.order.user.bytes);
    row->user[entry->as.order.user.bytes] = '\0';
}

/* The records of one drop, up to the event that is aimed at. */
static slc_behind_answer_t read_drop(slc_behind_t *behind, slc_cut_t *cut, slc_changed_t *changed)
{
    slc_entry_t entry;
    bool is_there = slc_cut_go_to(cut, changed->drop.drop_id, behind->at_sequence);
    if (!is_there || slc_cut_first_record(cut) != changed->first) {
        return SLC_BEHIND_AGAIN; /* purged since, and perhaps opened anew */
    }
    while (changed->orders < changed->drop.orders || changed->cancelled < changed->drop.cancelled) {
        if (behind->rows_count == behind->rows_room) {
            return SLC_BEHIND_FULL;
        }
        if (!slc_cut_next_record(cut, &entry)) {
            return SLC_BEHIND_ALIEN; /* the file holds fewer than it says, or others */
        }
        behind->at_sequence =
            entry.kind == SLC_ENTRY_CANCEL ? entry.as.cancel.sequence : entry.as.order.order_id;
        if (behind->at_sequence > behind->aim.sequence) {
            return SLC_BEHIND_ALIEN;
        }
        add_row(behind, changed, &entry);
    }
    /* All records up to the event are as many as the drop counts, in either kind. */
    if (changed->orders != changed->drop.orders || changed->cancelled != changed->drop.cancelled) {
        return SLC_BEHIND_ALIEN;
    }
    bool has_more = slc_cut_next_record(cut, &entry);
    uint64_t sequence = !has_more                        ? UINT64_MAX
                        : entry.kind == SLC_ENTRY_CANCEL ? entry.as.cancel.sequence
                                                         : entry.as.order.order_id;
    return sequence <= behind->aim.sequence ? SLC_BEHIND_ALIEN : SLC_BEHIND_DONE;
}

slc_behind_answer_t slc_behind_read(slc_behind_t *behind, slc_cut_t *cut)
{
    SLC_CHECK(behind->aimed && behind->rows_count == 0);
    for (; behind->at < behind->changed_count; behind->at++) {
        slc_changed_t *changed = &behind->changed[behind->at];
        slc_behind_answer_t answer = changed->first == 0 && changed->orders == 0
                                         ? SLC_BEHIND_DONE
                                         : read_drop(behind, cut, changed);
        if (answer != SLC_BEHIND_DONE) {
            return answer;
        }
        behind->at_sequence = behind->covered;
    }
    return SLC_BEHIND_DONE;
}
