#include "logic/core.h"

#include "base/check.h"

#include <stdlib.h>

/* A drop as it stood: what its entry says, and how far its lists reached. */
typedef struct slc_kept {
    slc_drop_info_t drop;
    slc_ref_t first_chunk;
    slc_ref_t last_chunk;
    slc_ref_t tail;
    slc_ref_t first_op;
    slc_ref_t last_op;
} slc_kept_t;

struct slc_cut {
    slc_snapshot_info_t info;
    const slc_region_t *region; /* only its base is read, which stays */
    /* One place for each drop there was: those copied in turn from the front, by rising drop_id, those
     * copied ahead of their turn from the back, in any order. */
    slc_kept_t *kept;
    uint64_t in_turn;
    uint64_t ahead;
    uint64_t after_drop_id; /* the next one in turn lies behind it */
    bool complete;
    /* What the reader has still to read. */
    bool sorted; /* those copied ahead, by rising drop_id */
    const slc_kept_t *next_in_turn;
    const slc_kept_t *next_ahead;
    slc_drop_t records; /* the drop being read: the ends of its list, which is all that records.h reads */
    slc_ref_t record;   /* its next one; 0: none is left */
    slc_ref_t op;       /* the next change, of a drop or of the purges; 0: none is left */
    slc_ref_t last_op;
    slc_ref_t first_purge; /* 0: none, or all are read */
    slc_ref_t last_purge;
};

/* ---- the logic's thread ---- */

slc_cut_t *slc_logic_cut_begin(slc_logic_t *logic)
{
    if (logic->cut != NULL) {
        return NULL;
    }
    slc_cut_t *cut = calloc(1, sizeof *cut);
    /* Never 0 bytes: what that answers is for each library to say. */
    slc_kept_t *kept = malloc((logic->drops.count + 1) * sizeof *kept);
    if (cut == NULL || kept == NULL) {
        free(cut);
        free(kept);
        return NULL;
    }
    cut->info = (slc_snapshot_info_t){
        .sequence = logic->sequence,
        .time_us = logic->time_us,
        .digest = slc_logic_digest(logic),
        .drops = logic->drops.count,
        .orders = logic->orders,
    };
    cut->region = &logic->region;
    cut->kept = kept;
    if (logic->ops.purges > 0) {
        cut->first_purge = logic->ops.first_purge;
        cut->last_purge = logic->ops.last_purge;
    }
    logic->ops.held = true;
    logic->cut = cut;
    /* From here on no drop has it. When the number comes round after four billion cuts, all drops bear
     * that of a later one: each complete cut marks them all. */
    logic->cut_number++;
    return cut;
}

static void keep(slc_kept_t *at, const slc_drop_t *drop)
{
    slc_drop_info(drop, &at->drop);
    at->first_chunk = drop->first_chunk;
    at->last_chunk = drop->last_chunk;
    at->tail = drop->tail;
    at->first_op = drop->first_op;
    at->last_op = drop->last_op;
}

void slc_cut_keep(slc_logic_t *logic, slc_drop_t *drop)
{
    slc_cut_t *cut = logic->cut;
    drop->cut = logic->cut_number;
    if (cut == NULL) {
        return; /* the last cut was ended before the drop's turn came */
    }
    SLC_CHECK(cut->in_turn + cut->ahead < cut->info.drops);
    cut->ahead++;
    keep(&cut->kept[cut->info.drops - cut->ahead], drop);
}

slc_cut_progress_t slc_logic_cut_step(slc_logic_t *logic, uint32_t drops)
{
    slc_cut_t *cut = logic->cut;
    SLC_CHECK(cut != NULL);
    for (uint32_t i = 0; i < drops && !cut->complete; i++) {
        slc_drop_t *drop = slc_drops_next(&logic->drops, cut->after_drop_id);
        if (drop == NULL) {
            SLC_CHECK(cut->in_turn + cut->ahead == cut->info.drops);
            cut->complete = true;
            break;
        }
        cut->after_drop_id = drop->drop_id;
        if (drop->cut != logic->cut_number) {
            drop->cut = logic->cut_number;
            keep(&cut->kept[cut->in_turn++], drop);
        }
    }
    return cut->complete ? SLC_CUT_COMPLETE : SLC_CUT_MORE;
}

void slc_logic_cut_end(slc_logic_t *logic, slc_cut_t *cut)
{
    if (cut == NULL) {
        return;
    }
    SLC_CHECK(cut == logic->cut);
    logic->cut = NULL;
    logic->ops.held = false;
    free(cut->kept);
    free(cut);
}

/* ---- its reader ---- */

slc_snapshot_info_t slc_cut_info(const slc_cut_t *cut)
{
    return cut->info;
}

void slc_cut_leave(slc_cut_t *cut)
{
    free(cut->kept);
    cut->kept = NULL;
}

static int by_drop_id(const void *a, const void *b)
{
    const slc_kept_t *left = a;
    const slc_kept_t *right = b;
    return left->drop.drop_id < right->drop.drop_id ? -1 : left->drop.drop_id > right->drop.drop_id;
}

static void begin_reading(slc_cut_t *cut)
{
    SLC_CHECK(cut->complete && cut->kept != NULL);
    slc_kept_t *ahead = cut->kept + cut->in_turn;
    if (cut->ahead > 1) {
        qsort(ahead, cut->ahead, sizeof *ahead, by_drop_id);
    }
    cut->next_in_turn = cut->kept;
    cut->next_ahead = ahead;
    cut->sorted = true;
}

/* The drop with the lowest number that was not read yet; NULL: none. */
static const slc_kept_t *next_drop(slc_cut_t *cut)
{
    SLC_CHECK(cut->kept != NULL);
    bool in_turn = cut->next_in_turn < cut->kept + cut->in_turn;
    bool ahead = cut->next_ahead < cut->kept + cut->info.drops;
    if (in_turn && (!ahead || cut->next_in_turn->drop.drop_id < cut->next_ahead->drop.drop_id)) {
        return cut->next_in_turn++;
    }
    return ahead ? cut->next_ahead++ : NULL;
}

static void turn_to(slc_cut_t *cut, const slc_kept_t *kept)
{
    cut->records.first_chunk = kept->first_chunk;
    cut->records.last_chunk = kept->last_chunk;
    cut->records.tail = kept->tail;
    cut->record = 0;
    cut->op = 0;
}

static void read_drop(slc_cut_t *cut, const slc_kept_t *kept, slc_entry_t *ret_entry)
{
    ret_entry->kind = SLC_ENTRY_DROP;
    ret_entry->as.drop = kept->drop;
    turn_to(cut, kept);
    cut->record = slc_records_first(cut->region, &cut->records);
    cut->op = kept->first_op;
    cut->last_op = kept->last_op;
}

static void read_record(slc_cut_t *cut, slc_entry_t *ret_entry)
{
    const slc_record_t *record = slc_record_at(cut->region, cut->record);
    cut->record = slc_records_behind(cut->region, &cut->records, cut->record);
    if (slc_record_is_cancel(record)) {
        ret_entry->kind = SLC_ENTRY_CANCEL;
        ret_entry->as.cancel.sequence = record->sequence;
        ret_entry->as.cancel.order_id = slc_record_at(cut->region, record->key)->sequence;
        ret_entry->as.cancel.time_us = record->time_us;
        return;
    }
    ret_entry->kind = SLC_ENTRY_ORDER;
    ret_entry->as.order.order_id = record->sequence;
    ret_entry->as.order.order_key = record->key;
    ret_entry->as.order.time_us = record->time_us;
    ret_entry->as.order.quantity = slc_record_quantity(record);
    ret_entry->as.order.user = (slc_text_t){slc_record_user(record), slc_record_user_bytes(record)};
}

static void read_op(slc_cut_t *cut, slc_entry_t *ret_entry)
{
    const slc_op_t *op = slc_region_at(cut->region, cut->op);
    ret_entry->kind = SLC_ENTRY_OP;
    ret_entry->as.op.op_key = op->op_key;
    ret_entry->as.op.contents = op->contents;
    ret_entry->as.op.sequence = op->sequence;
    ret_entry->as.op.time_us = op->time_us;
    ret_entry->as.op.drop_id = op->drop_id;
    ret_entry->as.op.kind = (slc_event_kind_t)op->kind;
    /* Of the last one `next` may be written just now: it gets a successor behind the cut. */
    cut->op = cut->op == cut->last_op ? 0 : op->next;
}

bool slc_cut_next(slc_cut_t *cut, slc_entry_t *ret_entry)
{
    if (!cut->sorted) {
        begin_reading(cut);
    }
    if (cut->record != 0) {
        read_record(cut, ret_entry);
        return true;
    }
    if (cut->op != 0) {
        read_op(cut, ret_entry);
        return true;
    }
    const slc_kept_t *kept = next_drop(cut);
    if (kept != NULL) {
        read_drop(cut, kept, ret_entry);
        return true;
    }
    if (cut->first_purge != 0) {
        cut->op = cut->first_purge;
        cut->last_op = cut->last_purge;
        cut->first_purge = 0;
        read_op(cut, ret_entry);
        return true;
    }
    return false;
}

/* ---- some of it ---- */

bool slc_cut_next_drop(slc_cut_t *cut, slc_entry_t *ret_entry)
{
    if (!cut->sorted) {
        begin_reading(cut);
    }
    const slc_kept_t *kept = next_drop(cut);
    if (kept != NULL) {
        read_drop(cut, kept, ret_entry);
        cut->record = 0; /* nobody asked for what is in it */
        cut->op = 0;
    }
    return kept != NULL;
}

static const slc_kept_t *find_kept(const slc_kept_t *kept, uint64_t count, uint64_t drop_id)
{
    const slc_kept_t wanted = {.drop = {.drop_id = drop_id}};
    return count == 0 ? NULL : bsearch(&wanted, kept, count, sizeof *kept, by_drop_id);
}

bool slc_cut_go_to(slc_cut_t *cut, uint64_t drop_id, uint64_t after_sequence)
{
    if (!cut->sorted) {
        begin_reading(cut);
    }
    SLC_CHECK(cut->kept != NULL);
    const slc_kept_t *kept = find_kept(cut->kept, cut->in_turn, drop_id);
    if (kept == NULL) {
        kept = find_kept(cut->kept + cut->in_turn, cut->ahead, drop_id);
    }
    if (kept != NULL) {
        turn_to(cut, kept);
        cut->record = slc_records_from(cut->region, &cut->records, after_sequence + 1);
    }
    return kept != NULL;
}

uint64_t slc_cut_first_record(const slc_cut_t *cut)
{
    slc_ref_t first = slc_records_first(cut->region, &cut->records);
    return first == 0 ? 0 : slc_record_at(cut->region, first)->sequence;
}

bool slc_cut_next_record(slc_cut_t *cut, slc_entry_t *ret_entry)
{
    if (cut->record == 0) {
        return false;
    }
    read_record(cut, ret_entry);
    return true;
}
