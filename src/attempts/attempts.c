/* The writing end. The queue is a ring of our own kind with one producer and one consumer; its try_claim
 * refuses where there is no room, and the refusal is counted.
 *
 * Two things bound what a storm costs: the writer looks into the queue only every TURN_NS, so that it is
 * woken at most fifty times a second, and it writes at most TURN_BYTES_MAX a turn; what is over that is
 * left out and counted, for the disk belongs to the journal. */
#include "attempts/attempts.h"
#include "attempts/format.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"

#include <sluice/disruptor.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define QUEUE_SLOTS 65536u
#define TURN_NS 20000000
/* 16 MiB a second at the most. */
#define TURN_BYTES_MAX 327680u
#define WRITER_NICENESS 19

struct slc_attempts {
    slc_directory_t *directory;
    uint64_t file_bytes_max;
    slc_ring_t *queue;
    slc_consumer_t *consumer;
    pthread_t thread;
    _Atomic uint64_t missing; /* since open */
    _Atomic bool reopen;      /* asked for by slc_attempts_reopen */
    uint64_t written_missing; /* how many of them the log tells of */
    int fd;                   /* -1: none open */
    uint32_t number;          /* of the file open, or of the newest one there */
    uint64_t offset;
    uint32_t turn_bytes; /* written in this turn */
    uint8_t chunk[SLC_ATTEMPTS_CHUNK_HEAD_BYTES + SLC_ATTEMPTS_PAYLOAD_BYTES_MAX];
};

static void count_missing(slc_attempts_t *attempts, uint64_t count)
{
    /* relaxed: a count; nothing else is ordered by it */
    atomic_fetch_add_explicit(&attempts->missing, count, memory_order_relaxed);
}

/* ---- files ---- */

static int file_start(slc_attempts_t *attempts, uint32_t number)
{
    const slc_sys_t *sys = attempts->directory->sys;
    char name[SLC_ATTEMPTS_NAME_BYTES];
    uint8_t head[SLC_ATTEMPTS_FILE_HEAD_BYTES];
    slc_attempts_name(number, name);
    int fd =
        sys->open(sys->self, attempts->directory->fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fd;
    }
    memcpy(head, SLC_ATTEMPTS_FILE_MAGIC, sizeof SLC_ATTEMPTS_FILE_MAGIC);
    memcpy(head + 8, attempts->directory->id, SLC_DIRECTORY_ID_BYTES);
    int failed = slc_sys_write_all(sys, fd, head, sizeof head, 0);
    if (failed < 0) {
        (void)sys->close(sys->self, fd);
        return failed;
    }
    attempts->fd = fd;
    attempts->number = number;
    attempts->offset = sizeof head;
    /* Two are kept: the one begun and the one before. */
    if (number > 2) {
        slc_attempts_name(number - 2, name);
        int gone = sys->unlink(sys->self, attempts->directory->fd, name);
        if (gone < 0 && gone != -ENOENT) {
            return gone;
        }
    }
    return 0;
}

static void file_end(slc_attempts_t *attempts)
{
    const slc_sys_t *sys = attempts->directory->sys;
    if (attempts->fd >= 0) {
        (void)sys->close(sys->self, attempts->fd); /* unwaited: nothing here was promised to anyone */
        attempts->fd = -1;
    }
}

/* Appends the chunk whose payload is there; what fails is missing. */
static void chunk_write(slc_attempts_t *attempts, uint32_t payload_bytes, uint32_t entries)
{
    const slc_sys_t *sys = attempts->directory->sys;
    size_t bytes = SLC_ATTEMPTS_CHUNK_HEAD_BYTES + payload_bytes;
    uint64_t missing = atomic_load_explicit(&attempts->missing, memory_order_relaxed);
    uint64_t left_out = missing - attempts->written_missing;
    left_out = left_out < UINT32_MAX ? left_out : UINT32_MAX;
    int failed = 0;
    /* relaxed: the file that is gone is found gone by open(2), not by what the asker's memory held */
    bool anew = atomic_exchange_explicit(&attempts->reopen, false, memory_order_relaxed);
    if (anew || attempts->fd < 0 || attempts->offset + bytes > attempts->file_bytes_max) {
        file_end(attempts);
        failed = file_start(attempts, attempts->number + 1);
    }
    if (failed == 0) {
        slc_attempts_chunk_close(attempts->chunk, payload_bytes, entries, (uint32_t)left_out);
        failed = slc_sys_write_all(sys, attempts->fd, attempts->chunk, bytes, attempts->offset);
    }
    if (failed < 0) {
        count_missing(attempts, entries);
        SLC_LOG_LIMITED(1, SLC_LOG_WARN, "the attempts log cannot be written (%s); its gaps are counted",
                        strerror(-failed));
        return;
    }
    attempts->offset += bytes;
    attempts->written_missing += left_out;
    attempts->turn_bytes += (uint32_t)bytes;
}

/* ---- the writer's thread ---- */

static int64_t write_batch(void *context, uint64_t first, uint64_t count)
{
    slc_attempts_t *attempts = context;
    uint32_t bytes = 0;
    uint64_t done = 0;
    if (attempts->turn_bytes >= TURN_BYTES_MAX) {
        count_missing(attempts, count);
        return (int64_t)count;
    }
    while (done < count && bytes + SLC_ATTEMPT_BYTES_MAX <= SLC_ATTEMPTS_PAYLOAD_BYTES_MAX) {
        const slc_attempt_t *attempt = slc_ring_slot(attempts->queue, first + done);
        bytes += (uint32_t)slc_attempt_encode(attempt,
                                              attempts->chunk + SLC_ATTEMPTS_CHUNK_HEAD_BYTES + bytes);
        done++;
    }
    chunk_write(attempts, bytes, (uint32_t)done);
    return (int64_t)done;
}

static void *writer_main(void *context)
{
    slc_attempts_t *attempts = context;
    /* Linux keeps niceness by thread; without the right to it, the writer is as nice as the rest. */
    (void)setpriority(PRIO_PROCESS, 0, WRITER_NICENESS);
    while (!slc_consumer_done(attempts->consumer)) {
        attempts->turn_bytes = 0;
        while (slc_consumer_poll(attempts->consumer, write_batch, attempts) > 0) {
        }
        struct timespec pause = {.tv_nsec = TURN_NS};
        (void)nanosleep(&pause, NULL);
        (void)slc_consumer_wait(attempts->consumer, UINT64_MAX);
    }
    if (atomic_load_explicit(&attempts->missing, memory_order_relaxed) > attempts->written_missing) {
        chunk_write(attempts, 0, 0); /* tells of the last gap */
    }
    return NULL;
}

/* ---- open, note, close ---- */

/* Finds the newest file of earlier runs. It stays as it is: ours begins behind it, with its first entry.
 * Files that are too many now go. */
static slc_err_t earlier_files(slc_attempts_t *attempts, slc_error_t *ret_error)
{
    const slc_sys_t *sys = attempts->directory->sys;
    uint32_t lowest;
    slc_err_t err = slc_attempts_numbers(attempts->directory, &lowest, &attempts->number, ret_error);
    for (uint32_t number = lowest; err == SLC_OK && number != 0 && number + 2 <= attempts->number;
         number++) {
        char name[SLC_ATTEMPTS_NAME_BYTES];
        slc_attempts_name(number, name);
        int gone = sys->unlink(sys->self, attempts->directory->fd, name);
        if (gone < 0 && gone != -ENOENT) {
            err = slc_error_sys(ret_error, SLC_ERR_IO, -gone, "cannot remove %s/%s",
                                attempts->directory->path, name);
        }
    }
    return err;
}

slc_err_t slc_attempts_open(slc_directory_t *directory, uint64_t file_bytes_max,
                            slc_attempts_t **ret_attempts, slc_error_t *ret_error)
{
    slc_ring_config_t config = {.slots = QUEUE_SLOTS,
                                .slot_bytes = sizeof(slc_attempt_t),
                                .producers = SLC_PRODUCER_SINGLE,
                                .wait = SLC_WAIT_SLEEP};
    slc_attempts_t *attempts = calloc(1, sizeof *attempts);
    if (attempts == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the attempts log");
    }
    *attempts = (slc_attempts_t){.directory = directory, .file_bytes_max = file_bytes_max, .fd = -1};
    atomic_init(&attempts->missing, 0);
    atomic_init(&attempts->reopen, false);
    slc_err_t err = earlier_files(attempts, ret_error);
    if (err == SLC_OK) {
        attempts->queue = slc_ring_create(&config, ret_error);
        err = attempts->queue == NULL ? SLC_ERR_NO_MEMORY : SLC_OK;
    }
    if (err == SLC_OK) {
        attempts->consumer = slc_consumer_create(attempts->queue, NULL, 0, ret_error);
        err = attempts->consumer == NULL ? SLC_ERR_NO_MEMORY : SLC_OK;
    }
    if (err == SLC_OK) {
        slc_ring_gate(attempts->queue, attempts->consumer);
        err = slc_thread_start(&attempts->thread, "slc-attempts", writer_main, attempts, ret_error);
    }
    if (err != SLC_OK) {
        slc_ring_destroy(attempts->queue);
        free(attempts);
        return err;
    }
    *ret_attempts = attempts;
    return SLC_OK;
}

void slc_attempts_close(slc_attempts_t *attempts)
{
    if (attempts == NULL) {
        return;
    }
    slc_ring_close(attempts->queue);
    SLC_CHECK(pthread_join(attempts->thread, NULL) == 0);
    file_end(attempts);
    slc_ring_destroy(attempts->queue);
    free(attempts);
}

void slc_attempts_reopen(slc_attempts_t *attempts)
{
    /* relaxed: see chunk_write */
    atomic_store_explicit(&attempts->reopen, true, memory_order_relaxed);
}

void slc_attempts_note(slc_attempts_t *attempts, const slc_attempt_t *attempt)
{
    uint64_t sequence;
    if (!slc_ring_try_claim(attempts->queue, 1, &sequence)) {
        count_missing(attempts, 1);
        return;
    }
    /* What the user's name does not fill is not copied: a short one stays in one cache line. */
    memcpy(slc_ring_slot(attempts->queue, sequence), attempt,
           offsetof(slc_attempt_t, user) + attempt->user_bytes);
    slc_ring_publish(attempts->queue, sequence, 1);
}

uint64_t slc_attempts_missing(const slc_attempts_t *attempts)
{
    return atomic_load_explicit(&attempts->missing, memory_order_relaxed);
}
