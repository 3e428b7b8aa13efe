#include "disk_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct unflushed {
    uint64_t offset;
    size_t bytes;
    uint8_t *data;
} unflushed_t;

struct disk {
    int fd; /* the durable image */
    uint64_t bytes;
    size_t unit;
    uint8_t
        *seen; /* what reads see: the image, with the unflushed writes in pages of this mapping's own */
    unflushed_t *log;  /* in the order of arrival */
    size_t log_length; /* of `log` */
    size_t log_room;
    bool lies;
    bool dead;
    disk_stats_t stats;
};

int disk_open(const char *image, size_t unit, disk_t **ret_disk)
{
    if (unit == 0 || unit % DISK_SECTOR_BYTES != 0) {
        return -EINVAL;
    }
    disk_t *disk = calloc(1, sizeof *disk);
    if (disk == NULL) {
        return -ENOMEM;
    }
    disk->fd = open(image, O_RDWR | O_CLOEXEC);
    struct stat stat;
    if (disk->fd < 0 || fstat(disk->fd, &stat) != 0) {
        int code = -errno;
        disk_close(disk);
        return code;
    }
    disk->bytes = (uint64_t)stat.st_size;
    disk->unit = unit;
    if (disk->bytes == 0 || disk->bytes % DISK_SECTOR_BYTES != 0) {
        disk_close(disk);
        return -EINVAL;
    }
    void *seen =
        mmap(NULL, disk->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, disk->fd, 0);
    if (seen == MAP_FAILED) {
        int code = -errno;
        disk_close(disk);
        return code;
    }
    disk->seen = seen;
    *ret_disk = disk;
    return 0;
}

static void forget_log(disk_t *disk)
{
    for (size_t at = 0; at < disk->log_length; at++) {
        free(disk->log[at].data);
    }
    disk->log_length = 0;
}

void disk_close(disk_t *disk)
{
    if (disk == NULL) {
        return;
    }
    forget_log(disk);
    free(disk->log);
    if (disk->seen != NULL) {
        (void)munmap(disk->seen, disk->bytes);
    }
    if (disk->fd >= 0) {
        (void)close(disk->fd); /* every write to it was looked at */
    }
    free(disk);
}

uint64_t disk_bytes(const disk_t *disk)
{
    return disk->bytes;
}

static int check_range(const disk_t *disk, uint64_t offset, size_t bytes)
{
    if (disk->dead) {
        return -EIO;
    }
    bool whole = offset % DISK_SECTOR_BYTES == 0 && bytes % DISK_SECTOR_BYTES == 0;
    return whole && offset <= disk->bytes && bytes <= disk->bytes - offset ? 0 : -EINVAL;
}

int disk_read(const disk_t *disk, uint64_t offset, size_t bytes, const void **ret_data)
{
    int code = check_range(disk, offset, bytes);
    if (code == 0) {
        *ret_data = disk->seen + offset;
    }
    return code;
}

int disk_write(disk_t *disk, uint64_t offset, const void *data, size_t bytes)
{
    int code = check_range(disk, offset, bytes);
    if (code != 0) {
        return code;
    }
    if (disk->log_length == disk->log_room) {
        size_t room = disk->log_room == 0 ? 1024 : 2 * disk->log_room;
        unflushed_t *log = realloc(disk->log, room * sizeof *log);
        if (log == NULL) {
            return -ENOMEM;
        }
        disk->log = log;
        disk->log_room = room;
    }
    uint8_t *copy = malloc(bytes);
    if (copy == NULL) {
        return -ENOMEM;
    }
    memcpy(copy, data, bytes);
    memcpy(disk->seen + offset, data, bytes);
    disk->log[disk->log_length++] = (unflushed_t){.offset = offset, .bytes = bytes, .data = copy};
    disk->stats.writes++;
    return 0;
}

static int put(const disk_t *disk, const unflushed_t *write, size_t from, size_t bytes)
{
    while (bytes > 0) {
        ssize_t done = pwrite(disk->fd, write->data + from, bytes, (off_t)(write->offset + from));
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return done < 0 ? -errno : -EIO;
        }
        from += (size_t)done;
        bytes -= (size_t)done;
    }
    return 0;
}

int disk_flush(disk_t *disk)
{
    if (disk->dead) {
        return -EIO;
    }
    disk->stats.flushes++;
    if (disk->lies) {
        return 0;
    }
    int code = 0;
    for (size_t at = 0; at < disk->log_length && code == 0; at++) {
        code = put(disk, &disk->log[at], 0, disk->log[at].bytes);
    }
    forget_log(disk);
    return code;
}

void disk_lie(disk_t *disk)
{
    disk->lies = true;
}

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static bool coin(uint64_t *state)
{
    return (draw(state) >> 63) != 0;
}

static int cut_write(disk_t *disk, const unflushed_t *write, bool keep, bool torn, uint64_t *random)
{
    int code = 0;
    size_t piece = 0;
    for (size_t from = 0; from < write->bytes && code == 0; from += piece) {
        /* Units lie where they lie on the disk; a write may begin and end inside one. */
        size_t rest = disk->unit - (size_t)((write->offset + from) % disk->unit);
        piece = rest < write->bytes - from ? rest : write->bytes - from;
        bool stays = torn ? coin(random) : keep;
        if (stays) {
            code = put(disk, write, from, piece);
        }
        *(stays ? &disk->stats.kept : &disk->stats.lost) += piece / DISK_SECTOR_BYTES;
    }
    return code;
}

int disk_cut(disk_t *disk, disk_loss_t loss, uint64_t seed)
{
    if (disk->dead) {
        return -EIO;
    }
    uint64_t random = seed;
    size_t last = disk->log_length == 0 ? 0 : (size_t)(draw(&random) % disk->log_length);
    int code = 0;
    disk->dead = true;
    disk->stats.unflushed = disk->log_length;
    for (size_t at = 0; at < disk->log_length && code == 0; at++) {
        bool keep = false;
        bool torn = false;
        if (loss == DISK_LOSE_SUFFIX) {
            keep = at < last;
            torn = at == last;
        } else if (loss == DISK_LOSE_WRITES) {
            keep = coin(&random);
        } else if (loss == DISK_LOSE_SECTORS) {
            torn = true;
        }
        code = cut_write(disk, &disk->log[at], keep, torn, &random);
    }
    forget_log(disk);
    return code;
}

disk_stats_t disk_stats(const disk_t *disk)
{
    disk_stats_t stats = disk->stats;
    if (!disk->dead) {
        stats.unflushed = disk->log_length;
    }
    return stats;
}
