/* Snapshots of every format version ever released stay readable: golden/snapshot-vN holds a directory of
 * one snapshot as it was written then, with its entries as text and its state.
 *   golden_snapshot check tests/golden/snapshot-vN
 *   golden_snapshot write tests/golden/snapshot-vN tests/golden/vN/data    made once, out of that journal
 */
#include <sluice/snapshot.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 1024

static int fail(const char *what, const char *detail)
{
    (void)fprintf(stderr, "golden snapshot: %s: %s\n", what, detail);
    return 1;
}

static void print_entry(FILE *out, const slc_entry_t *entry)
{
    switch (entry->kind) {
    case SLC_ENTRY_DROP:
        (void)fprintf(out,
                      "drop %" PRIu64 " stock %" PRIu64 " sold %" PRIu64 " remaining %" PRIu64
                      " per_user %" PRIu64 " opens %" PRIu64 " closes %" PRIu64
                      " closed %d orders %" PRIu64 " cancelled %" PRIu64 " name %s\n",
                      entry->as.drop.drop_id, entry->as.drop.stock, entry->as.drop.sold,
                      entry->as.drop.remaining, entry->as.drop.per_user_limit, entry->as.drop.opens_at_us,
                      entry->as.drop.closes_at_us, entry->as.drop.closed, entry->as.drop.orders,
                      entry->as.drop.cancelled, entry->as.drop.name);
        break;
    case SLC_ENTRY_ORDER:
        (void)fprintf(
            out, "order %" PRIu64 " key %" PRIu64 " time %" PRIu64 " quantity %" PRIu64 " user %.*s\n",
            entry->as.order.order_id, entry->as.order.order_key, entry->as.order.time_us,
            entry->as.order.quantity, (int)entry->as.order.user.bytes, entry->as.order.user.data);
        break;
    case SLC_ENTRY_CANCEL:
        (void)fprintf(out, "cancel %" PRIu64 " of %" PRIu64 " time %" PRIu64 "\n",
                      entry->as.cancel.sequence, entry->as.cancel.order_id, entry->as.cancel.time_us);
        break;
    case SLC_ENTRY_OP:
        (void)fprintf(out,
                      "op %" PRIu64 " kind %d contents %016" PRIx64 " sequence %" PRIu64 " time %" PRIu64
                      " drop %" PRIu64 "\n",
                      entry->as.op.op_key, (int)entry->as.op.kind, entry->as.op.contents,
                      entry->as.op.sequence, entry->as.op.time_us, entry->as.op.drop_id);
        break;
    }
}

/* The only snapshot of the directory, entry by entry, and the state that comes of it. */
static int print_all(const char *data_dir, FILE *out)
{
    uint64_t sequence = 0;
    size_t count = 0;
    slc_snapshot_t *snapshot = NULL;
    slc_state_t *state = NULL;
    slc_entry_t entry;
    slc_error_t error = {0};
    slc_err_t code = slc_snapshot_list(data_dir, &sequence, 1, &count, &error);
    if (code == SLC_OK && count != 1) {
        return fail("not exactly one snapshot", data_dir);
    }
    if (code == SLC_OK) {
        code = slc_snapshot_open(data_dir, sequence, &snapshot, &error);
    }
    while (code == SLC_OK) {
        code = slc_snapshot_next(snapshot, &entry, &error);
        if (code == SLC_OK) {
            print_entry(out, &entry);
        }
    }
    slc_snapshot_close(snapshot);
    if (code == SLC_END) {
        code = slc_state_replay(data_dir, UINT64_MAX, NULL, NULL, &state, &error);
    }
    if (code != SLC_OK) {
        return fail("cannot read", error.message);
    }
    (void)fprintf(out, "state %" PRIu64 " %016" PRIx64 "\n", slc_state_sequence(state),
                  slc_state_digest(state));
    slc_state_destroy(state);
    return 0;
}

static int check(const char *golden)
{
    char path[PATH_BYTES];
    char *found = NULL;
    size_t found_bytes = 0;
    (void)snprintf(path, sizeof path, "%s/data", golden);
    FILE *out = open_memstream(&found, &found_bytes);
    if (out == NULL) {
        return fail("out of memory", "");
    }
    int code = print_all(path, out);
    (void)fclose(out);
    (void)snprintf(path, sizeof path, "%s/entries.txt", golden);
    FILE *file = fopen(path, "rb");
    char *wanted = malloc(found_bytes + 1);
    size_t wanted_bytes = file == NULL || wanted == NULL ? 0 : fread(wanted, 1, found_bytes + 1, file);
    if (code == 0 &&
        (wanted_bytes < 1000 || wanted_bytes != found_bytes || memcmp(wanted, found, found_bytes) != 0)) {
        code = fail("other entries than", path);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(wanted);
    free(found);
    return code;
}

static int write_new(const char *golden, const char *journal)
{
    char path[PATH_BYTES];
    slc_compacted_t compacted;
    slc_error_t error = {0};
    (void)snprintf(path, sizeof path, "%s/data", golden);
    if (slc_state_compact(journal, path, NULL, NULL, &compacted, &error) != SLC_OK) {
        return fail("cannot compact", error.message);
    }
    char text[PATH_BYTES];
    (void)snprintf(text, sizeof text, "%s/entries.txt", golden);
    FILE *out = fopen(text, "wb");
    if (out == NULL) {
        return fail("cannot write", text);
    }
    int code = print_all(path, out);
    return fclose(out) == 0 ? code : fail("cannot write", text);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "check") == 0) {
        return check(argv[2]);
    }
    if (argc == 4 && strcmp(argv[1], "write") == 0) {
        return write_new(argv[2], argv[3]);
    }
    (void)fprintf(stderr, "golden_snapshot check DIR | golden_snapshot write DIR JOURNAL\n");
    return 2;
}
