#include "../../lib/fake_sys.h"

#include "sys/sys.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the POSIX table, on a directory of its own ---- */

static const slc_sys_t *sys;
static char path[] = "/tmp/slc-sys-XXXXXX";
static int dir;

static void setup(void)
{
    sys = slc_sys_posix();
    cr_assert(mkdtemp(path) != NULL);
    dir = sys->open(sys->self, AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    cr_assert(dir >= 0);
}

static int remove_name(void *context, const char *name)
{
    (void)context;
    return unlinkat(dir, name, 0);
}

static void teardown(void)
{
    (void)sys->list(sys->self, dir, remove_name, NULL);
    (void)sys->close(sys->self, dir);
    (void)rmdir(path);
}

TestSuite(posix, .init = setup, .fini = teardown);

static int create(const char *name)
{
    int fd = sys->open(sys->self, dir, name, O_RDWR | O_CREAT | O_EXCL, 0600);
    cr_assert(fd >= 0);
    return fd;
}

Test(posix, reads_back_what_was_written_and_knows_the_size)
{
    char back[5] = "";
    int fd = create("file");
    cr_assert(sys->pwrite(sys->self, fd, "hello", 5, 3) == 5);
    cr_assert(sys->size(sys->self, fd) == 8);
    cr_assert(sys->pread(sys->self, fd, back, 5, 3) == 5 && memcmp(back, "hello", 5) == 0);
    cr_assert(sys->pread(sys->self, fd, back, 5, 8) == 0);
    cr_assert(sys->fsync(sys->self, fd) == 0 && sys->fdatasync(sys->self, fd) == 0);
    cr_assert(sys->forget(sys->self, fd) == 0);
    cr_assert(sys->truncate(sys->self, fd, 2) == 0 && sys->size(sys->self, fd) == 2);
    cr_assert(sys->close(sys->self, fd) == 0);
}

Test(posix, answers_negative_errnos)
{
    char byte = 0;
    cr_assert(sys->open(sys->self, dir, "none", O_RDONLY, 0) == -ENOENT);
    cr_assert(sys->unlink(sys->self, dir, "none") == -ENOENT);
    cr_assert(sys->rename(sys->self, dir, "none", "some") == -ENOENT);
    cr_assert(sys->close(sys->self, -1) == -EBADF);
    cr_assert(sys->pread(sys->self, -1, &byte, 1, 0) == -EBADF);
    cr_assert(sys->pwrite(sys->self, -1, &byte, 1, 0) == -EBADF);
    cr_assert(sys->fsync(sys->self, -1) == -EBADF && sys->fdatasync(sys->self, -1) == -EBADF);
    cr_assert(sys->size(sys->self, -1) == -EBADF && sys->truncate(sys->self, -1, 0) == -EBADF);
    cr_assert(sys->forget(sys->self, -1) == -EBADF && sys->lock(sys->self, -1) == -EBADF);
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, path, 0700) == -EEXIST);
    cr_assert(sys->list(sys->self, -1, remove_name, NULL) == -EBADF);
    cr_assert(sys->free_bytes(sys->self, -1) == -EBADF);
}

static int count_names(void *context, const char *name)
{
    (void)name;
    return ++*(int *)context == 2 ? 77 : 0;
}

Test(posix, lists_the_names_until_told_to_stop)
{
    int count = 0;
    (void)sys->close(sys->self, create("a"));
    cr_assert(sys->list(sys->self, dir, count_names, &count) == 0 && count == 1);
    (void)sys->close(sys->self, create("b"));
    (void)sys->close(sys->self, create("c"));
    count = 0;
    cr_assert(sys->list(sys->self, dir, count_names, &count) == 77 && count == 2);
}

Test(posix, renames_over_what_is_there)
{
    int fd = create("from");
    cr_assert(sys->pwrite(sys->self, fd, "x", 1, 0) == 1);
    (void)sys->close(sys->self, fd);
    (void)sys->close(sys->self, create("to"));
    cr_assert(sys->rename(sys->self, dir, "from", "to") == 0);
    fd = sys->open(sys->self, dir, "to", O_RDONLY, 0);
    cr_assert(sys->size(sys->self, fd) == 1);
    (void)sys->close(sys->self, fd);
}

Test(posix, a_lock_keeps_others_out_until_it_is_closed)
{
    int first = create("lock");
    int second = sys->open(sys->self, dir, "lock", O_RDWR, 0);
    cr_assert(sys->lock(sys->self, first) == 0);
    cr_assert(sys->lock(sys->self, second) == -EWOULDBLOCK);
    (void)sys->close(sys->self, first);
    cr_assert(sys->lock(sys->self, second) == 0);
    (void)sys->close(sys->self, second);
}

Test(posix, has_clocks_room_and_chance)
{
    uint8_t drawn[64] = {0};
    uint8_t zeros[64] = {0};
    uint64_t before = sys->monotonic_ns(sys->self);
    cr_assert(sys->monotonic_ns(sys->self) >= before);
    cr_assert(sys->realtime_us(sys->self) > UINT64_C(1600000000000000));
    cr_assert(sys->free_bytes(sys->self, dir) > 0);
    cr_assert(sys->random(sys->self, drawn, sizeof drawn) == 0);
    cr_assert(memcmp(drawn, zeros, sizeof drawn) != 0);
}

/* ---- finishing short calls, over the fake ---- */

static int open_fake(fake_sys_t *fake)
{
    const slc_sys_t *table = fake_sys_table(fake);
    int fd = table->open(table->self, AT_FDCWD, "file", O_RDWR | O_CREAT, 0600);
    cr_assert(fd >= 0);
    return fd;
}

Test(whole, writes_and_reads_go_on_behind_short_counts_and_interrupts)
{
    fake_sys_t *fake = fake_sys_create();
    const slc_sys_t *table = fake_sys_table(fake);
    char back[11] = "";
    int fd = open_fake(fake);
    fake_sys_shorten(fake, FAKE_PWRITE, 1, 4);
    cr_assert(slc_sys_write_all(table, fd, "hello world", 11, 5) == 0);
    cr_assert(fake_sys_calls(fake, FAKE_PWRITE) == 2);
    fake_sys_shorten(fake, FAKE_PREAD, 1, 1);
    cr_assert(slc_sys_read_all(table, fd, back, 11, 5) == 0 && memcmp(back, "hello world", 11) == 0);
    fake_sys_fail(fake, FAKE_PWRITE, 1, EINTR, false);
    cr_assert(slc_sys_write_all(table, fd, "HELLO", 5, 5) == 0);
    fake_sys_fail(fake, FAKE_PREAD, 1, EINTR, false);
    cr_assert(slc_sys_read_all(table, fd, back, 5, 5) == 0 && memcmp(back, "HELLO", 5) == 0);
    (void)table->close(table->self, fd);
    fake_sys_destroy(fake);
}

Test(whole, calls_that_never_get_through_end)
{
    fake_sys_t *fake = fake_sys_create();
    const slc_sys_t *table = fake_sys_table(fake);
    char back[4] = "";
    int fd = open_fake(fake);
    fake_sys_fail(fake, FAKE_PWRITE, 1, EINTR, true);
    cr_assert(slc_sys_write_all(table, fd, "x", 1, 0) == -EINTR);
    fake_sys_fail(fake, FAKE_PREAD, 1, EINTR, true);
    cr_assert(slc_sys_read_all(table, fd, back, 1, 0) == -EINTR);
    fake_sys_shorten(fake, FAKE_PWRITE, 1, 0);
    cr_assert(slc_sys_write_all(table, fd, "x", 1, 0) == -EIO);
    fake_sys_heal(fake);
    cr_assert(slc_sys_write_all(table, fd, "abc", 3, 0) == 0);
    cr_assert(slc_sys_read_all(table, fd, back, 4, 0) == -ENODATA);
    (void)table->close(table->self, fd);
    fake_sys_destroy(fake);
}
