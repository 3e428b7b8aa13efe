/* Directories of every format version ever released stay readable: golden/vN holds one as it was written
 * then, with its events as text and its state digest.
 *   golden check tests/golden/vN      reads it, and brings a copy back
 *   golden write tests/golden/vN      how a new one is made, once for each format version
 * golden/behind-vN holds the snapshot of golden/snapshot-vN with a journal behind it, as a server that
 * was started there wrote it.
 *   golden check tests/golden/behind-vN
 *   golden go-on tests/golden/behind-vN tests/golden/snapshot-vN/data */
#include "../lib/journal_lab.h"

#include <sluice/journal.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCKS 6u
#define BLOCKS_BEHIND 12u /* of the same script, so that it goes on with the next event */
#define SEGMENT_BYTES 20480u
#define PATH_BYTES 1024
#define STATE_BYTES 192

static int fail(const char *what, const char *detail)
{
    (void)fprintf(stderr, "golden: %s: %s\n", what, detail);
    return 1;
}

/* ---- events as text ---- */

static void print_event(FILE *out, const slc_event_t *event)
{
    (void)fprintf(out, "%" PRIu64 " %" PRIu64 " kind %d op_key %" PRIu64, event->sequence, event->time_us,
                  (int)event->kind, event->op_key);
    switch (event->kind) {
    case SLC_EVENT_ORDER_PLACED:
        (void)fprintf(out, " drop %" PRIu64 " key %" PRIu64 " quantity %" PRIu64 " user %.*s",
                      event->as.order_placed.drop_id, event->as.order_placed.order_key,
                      event->as.order_placed.quantity, (int)event->as.order_placed.user.bytes,
                      event->as.order_placed.user.data);
        break;
    case SLC_EVENT_DROP_OPENED:
        (void)fprintf(out, " drop %" PRIu64 " stock %" PRIu64 " per_user %" PRIu64 " name %.*s",
                      event->as.drop_opened.drop_id, event->as.drop_opened.stock,
                      event->as.drop_opened.per_user_limit, (int)event->as.drop_opened.name.bytes,
                      event->as.drop_opened.name.data);
        break;
    case SLC_EVENT_STOCK_ADJUSTED:
        (void)fprintf(out, " drop %" PRIu64 " delta %" PRId64, event->as.stock_adjusted.drop_id,
                      event->as.stock_adjusted.delta);
        break;
    case SLC_EVENT_DROP_CLOSED:
    case SLC_EVENT_DROP_PURGED:
        (void)fprintf(out, " drop %" PRIu64, event->as.drop_closed.drop_id);
        break;
    case SLC_EVENT_ORDER_CANCELLED:
        (void)fprintf(out, " order %" PRIu64, event->as.order_cancelled.order_id);
        break;
    }
    (void)fputc('\n', out);
}

/* All events through the public reader; the journal has to end with a seal. */
static int dump(const char *data_dir, FILE *out)
{
    slc_journal_t *journal = NULL;
    slc_journal_block_t block;
    slc_event_t event;
    slc_error_t error = {0};
    uint32_t segment = 0;
    uint64_t offset = 0;
    if (slc_journal_open(data_dir, &journal, &error) != SLC_OK) {
        return fail("cannot open", error.message);
    }
    slc_err_t code = SLC_OK;
    while ((code = slc_journal_next_block(journal, &block, &error)) == SLC_OK) {
        while ((code = slc_journal_next_event(journal, &event, &error)) == SLC_OK) {
            print_event(out, &event);
        }
        if (code != SLC_END) {
            break;
        }
    }
    bool sealed = slc_journal_tail(journal, &segment, &offset) == SLC_TAIL_SEALED;
    slc_journal_close(journal);
    if (code != SLC_END) {
        return fail("cannot read", error.message);
    }
    return sealed ? 0 : fail("not sealed", data_dir);
}

/* ---- check ---- */

static char *read_file(const char *path, size_t *ret_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    (void)fseek(file, 0, SEEK_END);
    long bytes = ftell(file);
    rewind(file);
    char *text = malloc((size_t)bytes + 1);
    *ret_bytes = text == NULL ? 0 : fread(text, 1, (size_t)bytes, file);
    (void)fclose(file);
    return text;
}

static int check_events(const char *golden)
{
    char path[PATH_BYTES];
    char *found = NULL;
    size_t found_bytes = 0;
    size_t wanted_bytes = 0;
    (void)snprintf(path, sizeof path, "%s/data", golden);
    FILE *out = open_memstream(&found, &found_bytes);
    int code = out == NULL ? fail("out of memory", "") : dump(path, out);
    if (out != NULL) {
        (void)fclose(out);
    }
    (void)snprintf(path, sizeof path, "%s/events.txt", golden);
    char *wanted = read_file(path, &wanted_bytes);
    if (code == 0 && (wanted == NULL || wanted_bytes < 1000 || wanted_bytes != found_bytes ||
                      memcmp(wanted, found, wanted_bytes) != 0)) {
        code = fail("other events than", path);
    }
    free(wanted);
    free(found);
    return code;
}

typedef struct {
    const char *from;
    const char *to;
} copy_t;

static int copy_file(void *context, const char *name)
{
    const copy_t *copy = context;
    char path[PATH_BYTES];
    size_t bytes = 0;
    (void)snprintf(path, sizeof path, "%s/%s", copy->from, name);
    char *content = read_file(path, &bytes);
    (void)snprintf(path, sizeof path, "%s/%s", copy->to, name);
    FILE *file = fopen(path, "wb");
    bool whole = content != NULL && file != NULL && fwrite(content, 1, bytes, file) == bytes;
    whole = file != NULL && fclose(file) == 0 && whole;
    free(content);
    return whole ? 0 : -EIO;
}

static int remove_name(void *context, const char *name)
{
    return unlinkat(*(int *)context, name, 0);
}

static void remove_directory(const char *path)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
        (void)slc_sys_posix()->list(NULL, dir, remove_name, &dir);
        (void)close(dir);
    }
    (void)rmdir(path);
}

/* What recovery makes of it: the digest, printed. */
static int digest_of(const char *data_dir, char *ret_text, size_t bytes)
{
    slc_directory_t *directory = NULL;
    slc_restored_t restored;
    slc_error_t error = {0};
    slc_logic_t *logic = NULL;
    slc_err_t code = slc_directory_open(slc_sys_posix(), data_dir, &directory, &error);
    if (code == SLC_OK) {
        code = slc_restore(directory, NULL, NULL, &logic, &restored, &error);
    }
    if (code == SLC_OK) {
        (void)snprintf(ret_text, bytes, "sequence %" PRIu64 " digest %016" PRIx64 "\n",
                       restored.end.sequence, slc_logic_digest_recomputed(logic));
    }
    if (code == SLC_OK && restored.snapshot_sequence > 0) {
        size_t used = strlen(ret_text);
        (void)snprintf(ret_text + used, bytes - used,
                       "snapshot %" PRIu64 " refused %" PRIu32 " events behind it %" PRIu64 "\n",
                       restored.snapshot_sequence, restored.snapshots_refused, restored.events);
    }
    slc_directory_close(directory);
    slc_logic_destroy(logic);
    return code == SLC_OK ? 0 : fail("cannot come back", error.message);
}

static int copy_directory(const char *from, const char *to)
{
    copy_t copy = {.from = from, .to = to};
    int dir = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return fail("cannot open", from);
    }
    int code = slc_sys_posix()->list(NULL, dir, copy_file, &copy) == 0 ? 0 : fail("cannot copy", from);
    (void)close(dir);
    return code;
}

static int check_state(const char *golden)
{
    char from[PATH_BYTES];
    char digest[STATE_BYTES] = "";
    size_t bytes = 0;
    char to[] = "/tmp/slc-golden-XXXXXX";
    (void)snprintf(from, sizeof from, "%s/data", golden);
    if (mkdtemp(to) == NULL) {
        return fail("cannot make", to);
    }
    int code = copy_directory(from, to);
    if (code == 0) {
        code = digest_of(to, digest, sizeof digest);
    }
    remove_directory(to);
    (void)snprintf(from, sizeof from, "%s/state.txt", golden);
    char *wanted = read_file(from, &bytes);
    if (code == 0 && (wanted == NULL || bytes != strlen(digest) || memcmp(wanted, digest, bytes) != 0)) {
        code = fail("another state than in state.txt", digest);
    }
    free(wanted);
    return code;
}

/* ---- write ---- */

/* `snapshot`: a data directory to go on in a copy of; NULL: a fresh one. */
static int write_golden(const char *golden, const char *snapshot)
{
    char path[PATH_BYTES];
    char digest[STATE_BYTES] = "";
    lab_outcome_t outcome;
    (void)mkdir(golden, 0755);
    (void)snprintf(path, sizeof path, "%s/data", golden);
    if (snapshot != NULL && (mkdir(path, 0755) != 0 || copy_directory(snapshot, path) != 0)) {
        return fail("cannot make", path);
    }
    lab_t *lab = lab_create(snapshot == NULL ? BLOCKS : BLOCKS_BEHIND, SEGMENT_BYTES);
    lab_run(lab, slc_sys_posix(), path, SIZE_MAX, true, &outcome);
    bool whole = outcome.code == SLC_OK && outcome.acked == lab->event_count;
    if (whole) {
        lab_restore(lab, slc_sys_posix(), path, &outcome); /* against the logic alone */
    }
    lab_destroy(lab);
    if (!whole || outcome.code != SLC_OK || outcome.wrong) {
        return fail("cannot write", outcome.error.message);
    }
    int code = digest_of(path, digest, sizeof digest);
    char text[PATH_BYTES];
    (void)snprintf(text, sizeof text, "%s/state.txt", golden);
    FILE *file = fopen(text, "w");
    if (file == NULL || fputs(digest, file) < 0 || fclose(file) != 0) {
        return fail("cannot write", text);
    }
    (void)snprintf(text, sizeof text, "%s/events.txt", golden);
    file = fopen(text, "w");
    if (file == NULL) {
        return fail("cannot write", text);
    }
    code = code == 0 ? dump(path, file) : code;
    return fclose(file) == 0 ? code : fail("cannot write", text);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "check") == 0) {
        int events = check_events(argv[2]);
        int state = check_state(argv[2]);
        return events + state > 0 ? 1 : 0;
    }
    if (argc == 3 && strcmp(argv[1], "write") == 0) {
        return write_golden(argv[2], NULL);
    }
    if (argc == 4 && strcmp(argv[1], "go-on") == 0) {
        return write_golden(argv[2], argv[3]);
    }
    (void)fprintf(stderr, "golden check DIR | golden write DIR | golden go-on DIR SNAPSHOT_DIR\n");
    return 2;
}
