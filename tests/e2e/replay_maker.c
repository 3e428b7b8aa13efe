/* Makes a data directory for a test of replay: reads commands, one a line, writes the events with the
 * server's own writer, and lets the server's own logic say the digests that go into the blocks.
 *
 *   replay_maker DIR SEGMENT_BYTES < commands
 *
 *   time US                                             of the blocks that follow
 *   open DROP STOCK LIMIT OPENS CLOSES OP_KEY NAME      NAME and USER in hex, "-" for the empty one
 *   buy DROP USER QUANTITY KEY
 *   adjust DROP DELTA OP_KEY
 *   close DROP OP_KEY       purge DROP OP_KEY       cancel ORDER OP_KEY
 *   many COUNT DROP USERS                               BUYs of one unit, each with a key of its own
 *   commit      one block, with the digest behind the block before
 *   lie         the next block carries a wrong digest
 *   seal
 *   snapshot    of the state behind the last event, in the middle of a block where it is not committed
 *   retain      removes what two good snapshots cover, as the server does
 *
 * A directory that is there is gone on with.
 *
 * Threads: one. Failure: says what and exits with 1. */
#include "journal/writer.h"
#include "logic/cut.h"
#include "restore/restore.h"
#include "snapshot/retain.h"
#include "snapshot/write.h"
#include "sys/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_PER_BLOCK 64u

typedef struct maker {
    slc_directory_t *directory;
    slc_writer_t *writer;
    slc_logic_t *logic;
    uint64_t time_us;
    uint64_t pair_sequence; /* the digest that the next block carries */
    uint64_t pair_digest;
    uint64_t lie;
} maker_t;

_Noreturn static void give_up(const char *what)
{
    (void)fprintf(stderr, "replay_maker: %s\n", what);
    exit(1);
}

static void commit(maker_t *maker)
{
    slc_error_t error = {0};
    if (slc_writer_commit(maker->writer, maker->pair_sequence, maker->pair_digest ^ maker->lie, &error) !=
        SLC_OK) {
        give_up(error.message);
    }
    maker->lie = 0;
    maker->pair_sequence = slc_logic_sequence(maker->logic);
    maker->pair_digest = slc_logic_digest(maker->logic);
}

static void add_event(maker_t *maker, slc_event_t *event)
{
    slc_answer_t answer;
    if (slc_writer_pending(maker->writer) == 0) {
        slc_writer_begin(maker->writer, maker->time_us);
    }
    if (!slc_writer_append_event(maker->writer, event)) {
        give_up("the block is full: commit more often");
    }
    event->sequence = slc_logic_sequence(maker->logic) + 1;
    event->time_us = maker->time_us;
    slc_logic_apply(maker->logic, event, &answer, NULL);
}

/* ---- commands ---- */

static size_t unhex(const char *hex, char *out, size_t capacity)
{
    size_t count = 0;
    unsigned byte;
    if (strcmp(hex, "-") == 0) {
        return 0;
    }
    for (; sscanf(hex, "%2x", &byte) == 1 && count < capacity; hex += 2) {
        out[count++] = (char)byte;
    }
    return count;
}

static void make_many(maker_t *maker, uint64_t count, uint64_t drop_id, uint64_t users)
{
    char user[32];
    for (uint64_t i = 1; i <= count; i++) {
        int bytes = snprintf(user, sizeof user, "user-%" PRIu64, i * 2654435761u % users);
        slc_event_t event = {
            .kind = SLC_EVENT_ORDER_PLACED,
            .as.order_placed = {
                .drop_id = drop_id, .order_key = i, .quantity = 1, .user = {user, (size_t)bytes}}};
        add_event(maker, &event);
        if (slc_writer_pending(maker->writer) == EVENTS_PER_BLOCK) {
            commit(maker);
        }
    }
}

/* A command with numbers only; false: it is another. */
static bool run_plain(maker_t *maker, const char *line)
{
    uint64_t a;
    uint64_t b;
    uint64_t c;
    int64_t delta;
    slc_event_t event = {0};
    if (sscanf(line, "time %" SCNu64, &maker->time_us) == 1) {
        return true;
    }
    if (sscanf(line, "many %" SCNu64 " %" SCNu64 " %" SCNu64, &a, &b, &c) == 3) {
        make_many(maker, a, b, c);
        return true;
    }
    if (sscanf(line, "adjust %" SCNu64 " %" SCNd64 " %" SCNu64, &a, &delta, &event.op_key) == 3) {
        event.kind = SLC_EVENT_STOCK_ADJUSTED;
        event.as.stock_adjusted.drop_id = a;
        event.as.stock_adjusted.delta = delta;
    } else if (sscanf(line, "close %" SCNu64 " %" SCNu64, &a, &event.op_key) == 2) {
        event.kind = SLC_EVENT_DROP_CLOSED;
        event.as.drop_closed.drop_id = a;
    } else if (sscanf(line, "purge %" SCNu64 " %" SCNu64, &a, &event.op_key) == 2) {
        event.kind = SLC_EVENT_DROP_PURGED;
        event.as.drop_purged.drop_id = a;
    } else if (sscanf(line, "cancel %" SCNu64 " %" SCNu64, &a, &event.op_key) == 2) {
        event.kind = SLC_EVENT_ORDER_CANCELLED;
        event.as.order_cancelled.order_id = a;
    } else {
        return false;
    }
    add_event(maker, &event);
    return true;
}

/* A command with text in it; false: it is another. */
static bool run_texted(maker_t *maker, const char *line)
{
    char hex[200];
    char text[SLC_USER_BYTES_MAX];
    slc_event_t open = {.kind = SLC_EVENT_DROP_OPENED};
    slc_event_t buy = {.kind = SLC_EVENT_ORDER_PLACED};
    if (sscanf(line, "open %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %199s",
               &open.as.drop_opened.drop_id, &open.as.drop_opened.stock,
               &open.as.drop_opened.per_user_limit, &open.as.drop_opened.opens_at_us,
               &open.as.drop_opened.closes_at_us, &open.op_key, hex) == 7) {
        open.as.drop_opened.name = (slc_text_t){text, unhex(hex, text, sizeof text)};
        add_event(maker, &open);
        return true;
    }
    if (sscanf(line, "buy %" SCNu64 " %199s %" SCNu64 " %" SCNu64, &buy.as.order_placed.drop_id, hex,
               &buy.as.order_placed.quantity, &buy.as.order_placed.order_key) == 4) {
        buy.as.order_placed.user = (slc_text_t){text, unhex(hex, text, sizeof text)};
        add_event(maker, &buy);
        return true;
    }
    return false;
}

static bool next_of_cut(void *context, slc_entry_t *ret_entry)
{
    return slc_cut_next(context, ret_entry);
}

static void take_snapshot(maker_t *maker)
{
    slc_error_t error = {0};
    slc_snapshot_info_t info;
    slc_cut_t *cut = slc_logic_cut_begin(maker->logic);
    if (cut == NULL) {
        give_up("out of memory");
    }
    while (slc_logic_cut_step(maker->logic, 1000) == SLC_CUT_MORE) {
    }
    const slc_snapshot_source_t source = {.info = slc_cut_info(cut), .next = next_of_cut, .context = cut};
    if (slc_snapshot_write(maker->directory, &source, &info, &error) != SLC_OK) {
        give_up(error.message);
    }
    slc_logic_cut_end(maker->logic, cut);
}

static void retain(maker_t *maker)
{
    slc_error_t error = {0};
    slc_retainer_t *retainer = NULL;
    const slc_retain_t two = {.snapshots = SLC_RETAIN_MIN};
    if (slc_retainer_create(maker->directory, &two, &retainer, &error) != SLC_OK ||
        slc_retainer_sweep(retainer, NULL, NULL, &error) != SLC_OK) {
        give_up(error.message);
    }
    slc_retainer_destroy(retainer);
}

static void run(maker_t *maker, const char *line)
{
    slc_error_t error = {0};
    if (strcmp(line, "commit\n") == 0) {
        commit(maker);
    } else if (strcmp(line, "snapshot\n") == 0) {
        take_snapshot(maker);
    } else if (strcmp(line, "retain\n") == 0) {
        retain(maker);
    } else if (strcmp(line, "lie\n") == 0) {
        maker->lie = 1;
    } else if (strcmp(line, "seal\n") == 0) {
        if (slc_writer_seal(maker->writer, maker->pair_sequence, maker->pair_digest, &error) != SLC_OK) {
            give_up(error.message);
        }
    } else if (!run_plain(maker, line) && !run_texted(maker, line)) {
        give_up(line);
    }
}

int main(int argc, char **argv)
{
    slc_error_t error = {0};
    char line[400];
    if (argc != 3) {
        give_up("usage: replay_maker DIR SEGMENT_BYTES < commands");
    }
    maker_t maker = {0};
    slc_restored_t restored;
    const slc_writer_config_t config = {.durability = SLC_DURABILITY_OS,
                                        .segment_bytes = strtoull(argv[2], NULL, 10),
                                        .block_bytes_max = 8192};
    if (slc_directory_open(slc_sys_posix(), argv[1], &maker.directory, &error) != SLC_OK ||
        slc_restore(maker.directory, NULL, NULL, &maker.logic, &restored, &error) != SLC_OK ||
        slc_writer_open(maker.directory, &config, &restored.end, &maker.writer, &error) != SLC_OK) {
        give_up(error.message);
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        run(&maker, line);
    }
    slc_writer_close(maker.writer);
    slc_directory_close(maker.directory);
    slc_logic_destroy(maker.logic);
    return 0;
}
