#include "fake_sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FDS_MAX 64
#define FD_BASE 100 /* no descriptor of the process by mistake */

typedef struct {
    bool open;
    bool holds_lock;
    int flags;
    uint32_t node;
} fake_fd_t;

struct fake_sys {
    slc_sys_t table;
    pthread_mutex_t lock;
    fake_disk_t *disk;
    fake_fd_t fds[FDS_MAX];
    uint64_t now_ns;
    uint64_t base_us;
    uint64_t random;
    bool refuse_direct;
    uint64_t bytes_max; /* 0: no limit */

    uint64_t calls[FAKE_CALL_COUNT + 1];
    fake_call_t fault_call;
    uint64_t fault_nth; /* 0: no fault */
    int fault_error;
    bool fault_for_ever;
    size_t short_bytes; /* with fault_error 0 */
    bool faulted;

    fake_before_fn before;
    void *context;
    uint64_t changes;
    /* The write under way, while `before` runs. */
    const void *write_bytes;
    size_t write_count;
    uint64_t write_offset;
    uint32_t write_node;
};

static void misuse(const char *what, const char *where)
{
    (void)fprintf(stderr, "fake sys: %s: %s\n", what, where);
    abort();
}

const char *fake_call_name(fake_call_t call)
{
    static const char *const names[] = {"open",   "close",    "pread",  "pwrite", "fsync",  "fdatasync",
                                        "forget", "truncate", "size",   "rename", "unlink", "mkdir",
                                        "list",   "lock",     "random", "any"};
    return names[call];
}

/* ---- each call begins here ---- */

static fake_sys_t *enter(void *self)
{
    fake_sys_t *fake = self;
    (void)pthread_mutex_lock(&fake->lock);
    return fake;
}

static int64_t leave(fake_sys_t *fake, int64_t answer)
{
    (void)pthread_mutex_unlock(&fake->lock);
    return answer;
}

/* Counts; 0, or the negative errno that this call has to answer, or `short_bytes` in *ret_short. */
static int fault(fake_sys_t *fake, fake_call_t call, size_t *ret_short)
{
    fake->calls[call]++;
    fake->calls[FAKE_ANY]++;
    if (fake->fault_nth == 0 || (fake->fault_call != call && fake->fault_call != FAKE_ANY)) {
        return 0;
    }
    uint64_t count = fake->calls[fake->fault_call];
    if (count < fake->fault_nth || (count > fake->fault_nth && !fake->fault_for_ever)) {
        return 0;
    }
    if (fake->fault_error == 0 && ret_short == NULL) {
        return 0;
    }
    fake->faulted = true;
    if (fake->fault_error == 0) {
        *ret_short = fake->short_bytes;
    }
    return -fake->fault_error;
}

static void change(fake_sys_t *fake)
{
    fake->changes++;
    if (fake->before != NULL) {
        fake->before(fake->context, fake, fake->changes);
    }
}

static fake_fd_t *fd_of(fake_sys_t *fake, int fd)
{
    int at = fd - FD_BASE;
    return at >= 0 && at < FDS_MAX && fake->fds[at].open ? &fake->fds[at] : NULL;
}

static fake_node_t *node_of(fake_sys_t *fake, int fd)
{
    fake_fd_t *entry = fd_of(fake, fd);
    return entry == NULL ? NULL : &fake->disk->nodes[entry->node];
}

static fake_node_t *directory_of(fake_sys_t *fake, int fd)
{
    fake_node_t *node = fd == AT_FDCWD ? &fake->disk->nodes[0] : node_of(fake, fd);
    return node != NULL && node->is_directory ? node : NULL;
}

/* ---- the table ---- */

static int new_fd(fake_sys_t *fake, uint32_t node, int flags)
{
    for (int i = 0; i < FDS_MAX; i++) {
        if (!fake->fds[i].open) {
            fake->fds[i] = (fake_fd_t){.open = true, .flags = flags, .node = node};
            return FD_BASE + i;
        }
    }
    return -EMFILE;
}

static int open_found(fake_sys_t *fake, uint32_t node, int flags)
{
    fake_node_t *file = &fake->disk->nodes[node];
    if ((flags & O_EXCL) != 0) {
        return -EEXIST;
    }
    if ((flags & O_DIRECTORY) != 0 && !file->is_directory) {
        return -ENOTDIR;
    }
    if ((flags & O_TRUNC) != 0 && file->size > 0) {
        change(fake);
        fake_file_resize(&fake->disk->nodes[node], 0);
    }
    return new_fd(fake, node, flags);
}

static int open_locked(fake_sys_t *fake, int dir, const char *name, int flags)
{
    fake_node_t *directory = directory_of(fake, dir);
    int code = fault(fake, FAKE_OPEN, NULL);
    if (code < 0 || directory == NULL) {
        return code < 0 ? code : -EBADF;
    }
    if (strcmp(name, ".") == 0) {
        return new_fd(fake, (uint32_t)(directory - fake->disk->nodes), flags);
    }
    bool refused = (flags & O_DIRECT) != 0 && fake->refuse_direct;
    const fake_entry_t *entry = fake_names_find(directory->names, name);
    if (entry != NULL) {
        return refused ? -EINVAL : open_found(fake, entry->node, flags);
    }
    if ((flags & O_CREAT) == 0) {
        return -ENOENT;
    }
    uint32_t at = (uint32_t)(directory - fake->disk->nodes);
    change(fake);
    uint32_t node = fake_disk_add(fake->disk, false); /* moves the nodes */
    fake_names_change(&fake->disk->nodes[at], "", name, node);
    return refused ? -EINVAL : new_fd(fake, node, flags);
}

static int fake_open(void *self, int dir, const char *name, int flags, mode_t mode)
{
    (void)mode;
    fake_sys_t *fake = enter(self);
    return (int)leave(fake, open_locked(fake, dir, name, flags));
}

static int fake_close(void *self, int fd)
{
    fake_sys_t *fake = enter(self);
    fake_fd_t *entry = fd_of(fake, fd);
    int code = fault(fake, FAKE_CLOSE, NULL);
    if (entry == NULL) {
        misuse("close of a descriptor that is not open", "fake_close");
    } else {
        if (entry->holds_lock) {
            fake->disk->nodes[entry->node].locked = false;
        }
        entry->open = false; /* also when close fails, as Linux does */
    }
    return (int)leave(fake, code);
}

static bool is_misaligned(const fake_fd_t *entry, const void *bytes, size_t count, uint64_t offset)
{
    return (entry->flags & O_DIRECT) != 0 &&
           ((uintptr_t)bytes % FAKE_SECTOR_BYTES != 0 || count % FAKE_SECTOR_BYTES != 0 ||
            offset % FAKE_SECTOR_BYTES != 0);
}

static ssize_t read_locked(fake_sys_t *fake, int fd, void *bytes, size_t count, uint64_t offset)
{
    size_t most = SIZE_MAX;
    const fake_fd_t *entry = fd_of(fake, fd);
    int code = fault(fake, FAKE_PREAD, &most);
    if (code < 0 || entry == NULL) {
        return code < 0 ? code : -EBADF;
    }
    if (is_misaligned(entry, bytes, count, offset)) {
        return -EINVAL;
    }
    const fake_node_t *file = &fake->disk->nodes[entry->node];
    uint64_t left = offset < file->size ? file->size - offset : 0;
    size_t done = count < left ? count : (size_t)left;
    done = done < most ? done : most;
    if (done > 0) {
        memcpy(bytes, file->now + offset, done);
    }
    return (ssize_t)done;
}

static ssize_t fake_pread(void *self, int fd, void *bytes, size_t count, uint64_t offset)
{
    fake_sys_t *fake = enter(self);
    return (ssize_t)leave(fake, read_locked(fake, fd, bytes, count, offset));
}

static uint64_t bytes_used(const fake_sys_t *fake)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < fake->disk->count; i++) {
        sum += fake->disk->nodes[i].size;
    }
    return sum;
}

static ssize_t write_locked(fake_sys_t *fake, int fd, const void *bytes, size_t count, uint64_t offset)
{
    size_t most = SIZE_MAX;
    const fake_fd_t *entry = fd_of(fake, fd);
    int code = fault(fake, FAKE_PWRITE, &most);
    if (entry == NULL || (entry->flags & O_ACCMODE) == O_RDONLY) {
        return -EBADF;
    }
    if (is_misaligned(entry, bytes, count, offset)) {
        return -EINVAL;
    }
    fake_node_t *file = &fake->disk->nodes[entry->node];
    if (code == 0 && fake->bytes_max != 0 && offset + count > file->size &&
        bytes_used(fake) + (offset + count - file->size) > fake->bytes_max) {
        return -ENOSPC;
    }
    fake->write_bytes = bytes;
    fake->write_count = count;
    fake->write_offset = offset;
    fake->write_node = entry->node;
    change(fake);
    fake->write_bytes = NULL;
    file = &fake->disk->nodes[entry->node];
    size_t done = code < 0 ? count / 2 : count < most ? count : most;
    if (done > 0 && code != -EINTR) {
        fake_file_write(file, bytes, done, offset, (entry->flags & O_DSYNC) != 0 && code == 0);
    }
    return code < 0 ? code : (ssize_t)done;
}

static ssize_t fake_pwrite(void *self, int fd, const void *bytes, size_t count, uint64_t offset)
{
    fake_sys_t *fake = enter(self);
    return (ssize_t)leave(fake, write_locked(fake, fd, bytes, count, offset));
}

static int sync_with(void *self, int fd, fake_call_t call)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, call, NULL);
    if (node_of(fake, fd) == NULL) {
        return (int)leave(fake, -EBADF);
    }
    change(fake);
    if (code < 0) {
        fake_node_sync_failed(node_of(fake, fd));
    } else {
        fake_node_sync(node_of(fake, fd));
    }
    return (int)leave(fake, code);
}

static int fake_fsync(void *self, int fd)
{
    return sync_with(self, fd, FAKE_FSYNC);
}

static int fake_fdatasync(void *self, int fd)
{
    return sync_with(self, fd, FAKE_FDATASYNC);
}

static int fake_forget(void *self, int fd)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_FORGET, NULL);
    fake_node_t *node = node_of(fake, fd);
    if (code == 0 && node != NULL) {
        fake_node_forget(node);
    }
    return (int)leave(fake, node == NULL ? -EBADF : code);
}

static int fake_truncate(void *self, int fd, uint64_t bytes)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_TRUNCATE, NULL);
    if (code < 0 || node_of(fake, fd) == NULL) {
        return (int)leave(fake, code < 0 ? code : -EBADF);
    }
    change(fake);
    fake_file_resize(node_of(fake, fd), bytes);
    return (int)leave(fake, 0);
}

static int64_t fake_size(void *self, int fd)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_SIZE, NULL);
    const fake_node_t *node = node_of(fake, fd);
    return leave(fake, code < 0 ? code : node == NULL ? -EBADF : (int64_t)node->size);
}

static int fake_rename(void *self, int dir, const char *from, const char *to)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_RENAME, NULL);
    fake_node_t *directory = directory_of(fake, dir);
    const fake_entry_t *entry = directory == NULL ? NULL : fake_names_find(directory->names, from);
    if (code < 0 || entry == NULL) {
        return (int)leave(fake, code < 0 ? code : -ENOENT);
    }
    uint32_t node = entry->node;
    change(fake);
    fake_names_change(directory, from, to, node);
    return (int)leave(fake, 0);
}

static int fake_unlink(void *self, int dir, const char *name)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_UNLINK, NULL);
    fake_node_t *directory = directory_of(fake, dir);
    if (code < 0 || directory == NULL || fake_names_find(directory->names, name) == NULL) {
        return (int)leave(fake, code < 0 ? code : -ENOENT);
    }
    change(fake);
    fake_names_change(directory, name, "", 0);
    return (int)leave(fake, 0);
}

static int fake_mkdir(void *self, int dir, const char *name, mode_t mode)
{
    (void)mode;
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_MKDIR, NULL);
    fake_node_t *directory = directory_of(fake, dir);
    if (code == 0 && directory != NULL && fake_names_find(directory->names, name) != NULL) {
        code = -EEXIST;
    }
    if (code < 0 || directory == NULL) {
        return (int)leave(fake, code < 0 ? code : -EBADF);
    }
    uint32_t at = (uint32_t)(directory - fake->disk->nodes);
    change(fake);
    uint32_t node = fake_disk_add(fake->disk, true);
    fake_names_change(&fake->disk->nodes[at], "", name, node);
    return (int)leave(fake, 0);
}

static int fake_list(void *self, int dir, slc_sys_name_fn each, void *context)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_LIST, NULL);
    const fake_node_t *directory = directory_of(fake, dir);
    if (code < 0 || directory == NULL) {
        return (int)leave(fake, code < 0 ? code : -EBADF);
    }
    for (size_t i = 0; code == 0 && i < directory->names->count; i++) {
        code = each(context, directory->names->entries[i].name);
    }
    return (int)leave(fake, code);
}

static int fake_lock(void *self, int fd)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_LOCK, NULL);
    fake_node_t *node = node_of(fake, fd);
    if (code < 0 || node == NULL) {
        return (int)leave(fake, code < 0 ? code : -EBADF);
    }
    if (node->locked && !fd_of(fake, fd)->holds_lock) {
        return (int)leave(fake, -EWOULDBLOCK);
    }
    node->locked = true;
    fd_of(fake, fd)->holds_lock = true;
    return (int)leave(fake, 0);
}

static int64_t fake_free_bytes(void *self, int dir)
{
    (void)dir;
    fake_sys_t *fake = enter(self);
    uint64_t used = bytes_used(fake);
    uint64_t most = fake->bytes_max == 0 ? UINT64_C(1) << 40 : fake->bytes_max;
    return leave(fake, used < most ? (int64_t)(most - used) : 0);
}

static uint64_t fake_monotonic_ns(void *self)
{
    fake_sys_t *fake = enter(self);
    fake->now_ns += 1000;
    return (uint64_t)leave(fake, (int64_t)fake->now_ns);
}

static uint64_t fake_realtime_us(void *self)
{
    fake_sys_t *fake = enter(self);
    return (uint64_t)leave(fake, (int64_t)(fake->base_us + fake->now_ns / 1000));
}

static int fake_random_bytes(void *self, void *bytes, size_t count)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_RANDOM, NULL);
    for (size_t i = 0; code == 0 && i < count; i++) {
        ((uint8_t *)bytes)[i] = (uint8_t)fake_random(&fake->random);
    }
    return (int)leave(fake, code);
}

/* ---- life ---- */

static fake_sys_t *create_over(fake_disk_t *disk)
{
    fake_sys_t *fake = calloc(1, sizeof *fake);
    if (fake == NULL) {
        misuse("out of memory", "create");
        return NULL;
    }
    fake->disk = disk;
    fake->random = 1;
    fake->base_us = UINT64_C(1700000000000000);
    (void)pthread_mutex_init(&fake->lock, NULL);
    fake->table = (slc_sys_t){
        .self = fake,
        .open = fake_open,
        .close = fake_close,
        .pread = fake_pread,
        .pwrite = fake_pwrite,
        .fsync = fake_fsync,
        .fdatasync = fake_fdatasync,
        .forget = fake_forget,
        .truncate = fake_truncate,
        .size = fake_size,
        .rename = fake_rename,
        .unlink = fake_unlink,
        .mkdir = fake_mkdir,
        .list = fake_list,
        .lock = fake_lock,
        .free_bytes = fake_free_bytes,
        .monotonic_ns = fake_monotonic_ns,
        .realtime_us = fake_realtime_us,
        .random = fake_random_bytes,
    };
    return fake;
}

fake_sys_t *fake_sys_create(void)
{
    return create_over(fake_disk_create());
}

void fake_sys_destroy(fake_sys_t *fake)
{
    if (fake != NULL) {
        (void)pthread_mutex_destroy(&fake->lock);
        fake_disk_destroy(fake->disk);
        free(fake);
    }
}

const slc_sys_t *fake_sys_table(fake_sys_t *fake)
{
    return &fake->table;
}

/* ---- faults ---- */

static void arm(fake_sys_t *fake, fake_call_t call, uint64_t nth, int error, bool for_ever, size_t bytes)
{
    memset(fake->calls, 0, sizeof fake->calls);
    fake->fault_call = call;
    fake->fault_nth = nth;
    fake->fault_error = error;
    fake->fault_for_ever = for_ever;
    fake->short_bytes = bytes;
    fake->faulted = false;
}

void fake_sys_fail(fake_sys_t *fake, fake_call_t call, uint64_t nth, int error, bool for_ever)
{
    arm(fake, call, nth, error, for_ever, 0);
}

void fake_sys_shorten(fake_sys_t *fake, fake_call_t call, uint64_t nth, size_t bytes)
{
    arm(fake, call, nth, 0, false, bytes);
}

void fake_sys_heal(fake_sys_t *fake)
{
    arm(fake, FAKE_ANY, 0, 0, false, 0);
}

uint64_t fake_sys_calls(const fake_sys_t *fake, fake_call_t call)
{
    return fake->calls[call];
}

bool fake_sys_faulted(const fake_sys_t *fake)
{
    return fake->faulted;
}

void fake_sys_refuse_direct(fake_sys_t *fake)
{
    fake->refuse_direct = true;
}

void fake_sys_limit_bytes(fake_sys_t *fake, uint64_t bytes)
{
    fake->bytes_max = bytes;
}

void fake_sys_set_time(fake_sys_t *fake, uint64_t time_us)
{
    fake->base_us = time_us;
}

/* ---- crashes ---- */

void fake_sys_watch(fake_sys_t *fake, fake_before_fn before, void *context)
{
    fake->before = before;
    fake->context = context;
    fake->changes = 0;
}

uint64_t fake_sys_changes(const fake_sys_t *fake)
{
    return fake->changes;
}

static fake_sys_t *copy(fake_sys_t *fake)
{
    fake_sys_t *other = create_over(fake_disk_copy(fake->disk));
    other->refuse_direct = fake->refuse_direct;
    other->bytes_max = fake->bytes_max;
    other->random = fake->random + 1;
    other->base_us = fake->base_us;
    other->now_ns = fake->now_ns;
    return other;
}

fake_sys_t *fake_sys_crash(fake_sys_t *fake, fake_keep_t keep, uint64_t seed)
{
    fake_sys_t *other = copy(fake);
    if (fake->write_bytes != NULL) {
        fake_file_write(&other->disk->nodes[fake->write_node], fake->write_bytes, fake->write_count,
                        fake->write_offset, false);
    }
    fake_disk_cut(other->disk, keep, seed);
    return other;
}

fake_sys_t *fake_sys_kill(fake_sys_t *fake)
{
    return copy(fake);
}

/* ---- files from outside ---- */

static fake_node_t *find_directory(fake_sys_t *fake, const char *path, const char **ret_name)
{
    const char *slash = strchr(path, '/');
    if (slash == NULL) {
        *ret_name = path;
        return &fake->disk->nodes[0];
    }
    char name[FAKE_NAME_BYTES];
    (void)snprintf(name, sizeof name, "%.*s", (int)(slash - path), path);
    *ret_name = slash + 1;
    fake_entry_t *entry = fake_names_find(fake->disk->nodes[0].names, name);
    return entry == NULL ? NULL : &fake->disk->nodes[entry->node];
}

static fake_node_t *find_node(fake_sys_t *fake, const char *path)
{
    const char *name = NULL;
    fake_node_t *directory = find_directory(fake, path, &name);
    const fake_entry_t *entry = directory == NULL ? NULL : fake_names_find(directory->names, name);
    return entry == NULL ? NULL : &fake->disk->nodes[entry->node];
}

static fake_node_t *must_find(fake_sys_t *fake, const char *path)
{
    fake_node_t *node = find_node(fake, path);
    if (node == NULL) {
        misuse("no such file", path);
    }
    return node;
}

const uint8_t *fake_sys_file(fake_sys_t *fake, const char *path, size_t *ret_bytes)
{
    const fake_node_t *node = find_node(fake, path);
    *ret_bytes = node == NULL ? 0 : (size_t)node->size;
    return node == NULL ? NULL : node->size == 0 ? (const uint8_t *)"" : node->now;
}

void fake_sys_put(fake_sys_t *fake, const char *path, const void *bytes, size_t count)
{
    const char *name = NULL;
    fake_node_t *directory = find_directory(fake, path, &name);
    if (directory == NULL) {
        misuse("no such directory", path);
        return;
    }
    size_t at = (size_t)(directory - fake->disk->nodes);
    uint32_t node = fake_disk_add(fake->disk, false);
    fake_names_change(&fake->disk->nodes[at], "", name, node);
    fake_node_sync(&fake->disk->nodes[at]);
    if (count > 0) {
        fake_file_write(&fake->disk->nodes[node], bytes, count, 0, true);
    }
}

void fake_sys_poke(fake_sys_t *fake, const char *path, const void *bytes, size_t count, uint64_t offset)
{
    fake_file_write(must_find(fake, path), bytes, count, offset, true);
}

void fake_sys_cut_file(fake_sys_t *fake, const char *path, size_t bytes)
{
    fake_node_t *node = must_find(fake, path);
    fake_file_resize(node, bytes);
    fake_node_sync(node);
}

void fake_sys_remove(fake_sys_t *fake, const char *path)
{
    const char *name = NULL;
    fake_node_t *directory = find_directory(fake, path, &name);
    if (directory == NULL || fake_names_find(directory->names, name) == NULL) {
        misuse("no such file", path);
        return;
    }
    fake_names_change(directory, name, "", 0);
    fake_node_sync(directory);
}

void fake_sys_move(fake_sys_t *fake, const char *from, const char *to)
{
    const char *name = NULL;
    const char *new_name = NULL;
    fake_node_t *directory = find_directory(fake, from, &name);
    const fake_entry_t *entry = directory == NULL ? NULL : fake_names_find(directory->names, name);
    if (entry == NULL || find_directory(fake, to, &new_name) != directory) {
        misuse("cannot move", from);
        return;
    }
    fake_names_change(directory, name, new_name, entry->node);
    fake_node_sync(directory);
}

size_t fake_sys_names(fake_sys_t *fake, const char *path, char (*ret_names)[FAKE_NAME_BYTES], size_t max)
{
    const fake_node_t *directory = must_find(fake, path);
    size_t count = 0;
    for (; count < directory->names->count && count < max; count++) {
        memcpy(ret_names[count], directory->names->entries[count].name, FAKE_NAME_BYTES);
    }
    return count;
}
