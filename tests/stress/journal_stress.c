/* A writer that rolls often, its preparing thread, and readers beside it that must never see anything but
 * a prefix of what was written: no damage, no gap, never less than what had been acknowledged when they
 * began. A plain program, so that it also runs under ThreadSanitizer. Argument: blocks to write. */
#include "journal/writer.h"

#include <sluice/journal.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READERS 2
#define SEGMENT_BYTES 65536u

typedef struct {
    char path[64];
    _Atomic uint64_t acknowledged;
    _Atomic bool done;
    _Atomic uint64_t readings;
} stress_t;

static void die(const char *what, const slc_error_t *error)
{
    (void)fprintf(stderr, "journal stress: %s: %s\n", what, error->message);
    exit(1);
}

/* Reads the whole journal once; answers the last event seen. */
static uint64_t read_once(const stress_t *stress)
{
    slc_journal_t *journal = NULL;
    slc_journal_block_t block;
    slc_event_t event;
    slc_error_t error = {0};
    uint64_t last = 0;
    slc_err_t code = slc_journal_open(stress->path, &journal, &error);
    while (code == SLC_OK && (code = slc_journal_next_block(journal, &block, &error)) == SLC_OK) {
        while ((code = slc_journal_next_event(journal, &event, &error)) == SLC_OK) {
            if (event.sequence != last + 1 || event.as.order_placed.order_key != event.sequence) {
                (void)snprintf(error.message, sizeof error.message, "%" PRIu64 " behind %" PRIu64,
                               event.sequence, last);
                die("a gap", &error);
            }
            last = event.sequence;
        }
        code = code == SLC_END ? SLC_OK : code;
    }
    if (code != SLC_END) {
        die("a reader beside the writer", &error);
    }
    slc_journal_close(journal);
    return last;
}

static void *read_on(void *context)
{
    stress_t *stress = context;
    /* Acquire: what was acknowledged before `done` was set is asked for in one more reading. */
    while (!atomic_load_explicit(&stress->done, memory_order_acquire)) {
        /* Acquire: pairs with the release behind each commit; its bytes are in the file. */
        uint64_t least = atomic_load_explicit(&stress->acknowledged, memory_order_acquire);
        uint64_t seen = read_once(stress);
        if (seen < least) {
            slc_error_t error = {0};
            (void)snprintf(error.message, sizeof error.message, "%" PRIu64 " of %" PRIu64, seen, least);
            die("less than was acknowledged", &error);
        }
        (void)atomic_fetch_add_explicit(&stress->readings, 1, memory_order_relaxed); /* a count */
    }
    return NULL;
}

static void write_block(stress_t *stress, slc_writer_t *writer, uint64_t number)
{
    slc_error_t error = {0};
    slc_text_t user = {"somebody", 8};
    slc_writer_begin(writer, 1000 + number);
    for (uint64_t i = 0; i <= number % 200; i++) {
        uint64_t sequence = slc_writer_sequence(writer) + 1 + i;
        if (!slc_writer_append_order(writer, 1, user, 1, sequence)) {
            break;
        }
    }
    if (slc_writer_commit(writer, 0, 0, &error) != SLC_OK ||
        (number % 50 == 0 && slc_writer_seal(writer, 0, 0, &error) != SLC_OK)) {
        die("writing", &error);
    }
    /* Release: a reader that sees the number finds the block. */
    atomic_store_explicit(&stress->acknowledged, slc_writer_sequence(writer), memory_order_release);
}

static slc_directory_t *open_directory(const stress_t *stress, slc_writer_t **ret_writer)
{
    slc_directory_t *directory = NULL;
    slc_journal_end_t end = {0};
    slc_error_t error = {0};
    const slc_writer_config_t config = {.segment_bytes = SEGMENT_BYTES, .block_bytes_max = 8192};
    if (slc_directory_open(slc_sys_posix(), stress->path, &directory, &error) != SLC_OK ||
        slc_writer_open(directory, &config, &end, ret_writer, &error) != SLC_OK) {
        die("opening", &error);
    }
    return directory;
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

int main(int argc, char **argv)
{
    uint64_t blocks = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    stress_t stress = {.path = "/tmp/slc-journal-XXXXXX"};
    slc_writer_t *writer = NULL;
    pthread_t readers[READERS];
    if (mkdtemp(stress.path) == NULL) {
        perror("journal stress: a directory");
        return 1;
    }
    slc_directory_t *directory = open_directory(&stress, &writer);
    for (size_t i = 0; i < READERS; i++) {
        if (pthread_create(&readers[i], NULL, read_on, &stress) != 0) {
            (void)fprintf(stderr, "journal stress: cannot start a reader\n");
            return 1;
        }
    }
    for (uint64_t i = 1; i <= blocks; i++) {
        write_block(&stress, writer, i);
    }
    atomic_store_explicit(&stress.done, true, memory_order_release); /* see read_on */
    for (size_t i = 0; i < READERS; i++) {
        (void)pthread_join(readers[i], NULL);
    }
    uint64_t seen = read_once(&stress);
    uint64_t written = slc_writer_sequence(writer);
    slc_writer_stats_t stats = slc_writer_stats(writer);
    slc_writer_close(writer);
    slc_directory_close(directory);
    remove_directory(stress.path);
    (void)printf("%" PRIu64 " blocks, %" PRIu64 " rolls (%" PRIu64 " waited), %" PRIu64
                 " readings beside\n",
                 stats.blocks, stats.rolls, stats.roll_waits,
                 atomic_load_explicit(&stress.readings, memory_order_relaxed));
    return seen == written && stats.rolls > 10 ? 0 : 1;
}
