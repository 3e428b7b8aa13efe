/* A disk with a volatile cache, as data: what was written is read back at once, but lies on the durable
 * image only behind a flush; a power cut loses some of what was not flushed.
 *
 * Happy path: open, write and read, flush, cut, close; the image can then be opened again.
 * Threads: one. Ownership: open creates, close frees; the image file stays.
 * Failure: every call answers 0 or a negative errno, which is also what the disk's user is to hear. After
 *   a cut everything but close answers -EIO. */
#ifndef SLC_TESTS_FAULT_DISK_CACHE_H
#define SLC_TESTS_FAULT_DISK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What offsets and lengths are multiples of. */
#define DISK_SECTOR_BYTES 512u

/* What becomes of the writes that no flush stands behind. */
typedef enum disk_loss {
    DISK_LOSE_ALL,     /* all are lost */
    DISK_LOSE_SUFFIX,  /* kept up to one of them, which is torn; those behind it are lost */
    DISK_LOSE_WRITES,  /* a coin for each: kept whole or lost whole */
    DISK_LOSE_SECTORS, /* a coin for each of their units */
    DISK_LOSS_COUNT
} disk_loss_t;

typedef struct disk_stats {
    uint64_t writes;
    uint64_t flushes;
    uint64_t unflushed; /* writes that no flush stands behind */
    uint64_t kept;      /* sectors of them, decided at the cut */
    uint64_t lost;
} disk_stats_t;

typedef struct disk disk_t;

/* `image` is a file of whole sectors. A cut keeps or loses `unit` bytes in one piece: DISK_SECTOR_BYTES,
 * or a multiple of it for a disk of larger physical sectors behind logical ones of that size; else
 * -EINVAL. */
int disk_open(const char *image, size_t unit, disk_t **ret_disk);
void disk_close(disk_t *disk);
uint64_t disk_bytes(const disk_t *disk);

/* Whole sectors within the disk, else -EINVAL. What disk_read answers stays valid until the next call. */
int disk_read(const disk_t *disk, uint64_t offset, size_t bytes, const void **ret_data);
int disk_write(disk_t *disk, uint64_t offset, const void *data, size_t bytes);
int disk_flush(disk_t *disk);

/* From now on, flushes answer 0 and do nothing. */
void disk_lie(disk_t *disk);
/* The same seed behind the same writes keeps the same sectors. */
int disk_cut(disk_t *disk, disk_loss_t loss, uint64_t seed);
disk_stats_t disk_stats(const disk_t *disk);

#endif
