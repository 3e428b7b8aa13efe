#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* -1 with errno beside it becomes the negative errno. */
static int outcome(int result)
{
    return result < 0 ? -errno : result;
}

static int posix_open(void *self, int dir, const char *name, int flags, mode_t mode)
{
    (void)self;
    return outcome(openat(dir, name, flags | O_CLOEXEC, mode));
}

static int posix_close(void *self, int fd)
{
    (void)self;
    return outcome(close(fd));
}

static ssize_t posix_pread(void *self, int fd, void *bytes, size_t count, uint64_t offset)
{
    (void)self;
    ssize_t done = pread(fd, bytes, count, (off_t)offset);
    return done < 0 ? -errno : done;
}

static ssize_t posix_pwrite(void *self, int fd, const void *bytes, size_t count, uint64_t offset)
{
    (void)self;
    ssize_t done = pwrite(fd, bytes, count, (off_t)offset);
    return done < 0 ? -errno : done;
}

static int posix_fsync(void *self, int fd)
{
    (void)self;
    return outcome(fsync(fd));
}

static int posix_fdatasync(void *self, int fd)
{
    (void)self;
    return outcome(fdatasync(fd));
}

static int posix_forget(void *self, int fd)
{
    (void)self;
    return -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* answers the errno itself */
}

static int posix_truncate(void *self, int fd, uint64_t bytes)
{
    (void)self;
    return outcome(ftruncate(fd, (off_t)bytes));
}

static int64_t posix_size(void *self, int fd)
{
    (void)self;
    struct stat status;
    return fstat(fd, &status) < 0 ? -errno : (int64_t)status.st_size;
}

static int posix_rename(void *self, int dir, const char *from, const char *to)
{
    (void)self;
    return outcome(renameat(dir, from, dir, to));
}

static int posix_link(void *self, int dir, const char *name, int to_dir, const char *to)
{
    (void)self;
    return outcome(linkat(dir, name, to_dir, to, 0));
}

static int posix_unlink(void *self, int dir, const char *name)
{
    (void)self;
    return outcome(unlinkat(dir, name, 0));
}

static int posix_mkdir(void *self, int dir, const char *name, mode_t mode)
{
    (void)self;
    return outcome(mkdirat(dir, name, mode));
}

static int each_name(DIR *stream, slc_sys_name_fn each, void *context)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream); /* a stream of our own: no other thread reads it */
        if (entry == NULL) {
            return -errno;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int answer = each(context, entry->d_name);
        if (answer != 0) {
            return answer;
        }
    }
}

static int posix_list(void *self, int dir, slc_sys_name_fn each, void *context)
{
    (void)self;
    /* A descriptor of its own, because a stream takes over position and ownership. */
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        int code = -errno;
        (void)close(fd);
        return code;
    }
    int answer = each_name(stream, each, context);
    (void)closedir(stream); /* read-only: nothing can be lost */
    return answer;
}

static int posix_lock(void *self, int fd)
{
    (void)self;
    return outcome(flock(fd, LOCK_EX | LOCK_NB));
}

static int64_t posix_free_bytes(void *self, int dir)
{
    (void)self;
    struct statvfs status;
    return fstatvfs(dir, &status) < 0 ? -errno : (int64_t)(status.f_bavail * status.f_frsize);
}

static uint64_t posix_monotonic_ns(void *self)
{
    (void)self;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock and a valid pointer */
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static uint64_t posix_realtime_us(void *self)
{
    (void)self;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000) + (uint64_t)now.tv_nsec / 1000;
}

static int posix_random(void *self, void *bytes, size_t count)
{
    (void)self;
    uint8_t *at = bytes;
    while (count > 0) {
        ssize_t done = getrandom(at, count, 0);
        if (done < 0 && errno != EINTR) {
            return -errno;
        }
        if (done > 0) {
            at += done;
            count -= (size_t)done;
        }
    }
    return 0;
}

const slc_sys_t *slc_sys_posix(void)
{
    static const slc_sys_t table = {
        .open = posix_open,
        .close = posix_close,
        .pread = posix_pread,
        .pwrite = posix_pwrite,
        .fsync = posix_fsync,
        .fdatasync = posix_fdatasync,
        .forget = posix_forget,
        .truncate = posix_truncate,
        .size = posix_size,
        .rename = posix_rename,
        .link = posix_link,
        .unlink = posix_unlink,
        .mkdir = posix_mkdir,
        .list = posix_list,
        .lock = posix_lock,
        .free_bytes = posix_free_bytes,
        .monotonic_ns = posix_monotonic_ns,
        .realtime_us = posix_realtime_us,
        .random = posix_random,
    };
    return &table;
}
