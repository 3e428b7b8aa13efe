#include "fake_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FD_BASE 100 /* no descriptor of the process by mistake */

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
    if (fake->quiet) {
        return 0;
    }
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

/* A name that leads to the node; "" for the top directory, for what has none, and where nobody watches.
 */
static const char *name_of_node(const fake_sys_t *fake, uint32_t node)
{
    if (fake->before == NULL) {
        return "";
    }
    for (size_t i = 0; i < fake->disk->count; i++) {
        const fake_node_t *directory = &fake->disk->nodes[i];
        for (size_t j = 0; directory->is_directory && j < directory->names->count; j++) {
            if (directory->names->entries[j].node == node) {
                return directory->names->entries[j].name;
            }
        }
    }
    return "";
}

static void change(fake_sys_t *fake, fake_call_t call, const char *name, const char *new_name)
{
    fake->changes++;
    fake->seen = (fake_change_seen_t){.call = call,
                                      .name = name,
                                      .new_name = new_name,
                                      .bytes = fake->write_bytes,
                                      .count = fake->write_count,
                                      .offset = fake->write_offset};
    if (fake->before != NULL) {
        fake->before(fake->context, fake, fake->changes);
    }
}

static fake_fd_t *fd_of(fake_sys_t *fake, int fd)
{
    int at = fd - FD_BASE;
    return at >= 0 && at < FAKE_FDS_MAX && fake->fds[at].open ? &fake->fds[at] : NULL;
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
    for (int i = 0; i < FAKE_FDS_MAX; i++) {
        if (!fake->fds[i].open) {
            fake->fds[i] = (fake_fd_t){.open = true, .flags = flags, .node = node};
            return FD_BASE + i;
        }
    }
    return -EMFILE;
}

static int open_found(fake_sys_t *fake, uint32_t node, const char *name, int flags)
{
    fake_node_t *file = &fake->disk->nodes[node];
    if ((flags & O_EXCL) != 0) {
        return -EEXIST;
    }
    if ((flags & O_DIRECTORY) != 0 && !file->is_directory) {
        return -ENOTDIR;
    }
    if ((flags & O_TRUNC) != 0 && file->size > 0) {
        change(fake, FAKE_TRUNCATE, name, NULL);
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
        return refused ? -EINVAL : open_found(fake, entry->node, name, flags);
    }
    if ((flags & O_CREAT) == 0) {
        return -ENOENT;
    }
    uint32_t at = (uint32_t)(directory - fake->disk->nodes);
    change(fake, FAKE_OPEN, name, NULL);
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
        fake_misuse("close of a descriptor that is not open", "fake_close");
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
    change(fake, FAKE_PWRITE, name_of_node(fake, entry->node), NULL);
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
    change(fake, call, name_of_node(fake, fd_of(fake, fd)->node), NULL);
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
    change(fake, FAKE_TRUNCATE, name_of_node(fake, fd_of(fake, fd)->node), NULL);
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
    change(fake, FAKE_RENAME, from, to);
    fake_names_change(directory, from, to, node);
    return (int)leave(fake, 0);
}

static int fake_link(void *self, int dir, const char *name, int to_dir, const char *to)
{
    fake_sys_t *fake = enter(self);
    int code = fault(fake, FAKE_LINK, NULL);
    fake_node_t *from = directory_of(fake, dir);
    fake_node_t *into = directory_of(fake, to_dir);
    const fake_entry_t *entry = from == NULL ? NULL : fake_names_find(from->names, name);
    if (code < 0 || entry == NULL || into == NULL) {
        return (int)leave(fake, code < 0 ? code : -ENOENT);
    }
    if (fake_names_find(into->names, to) != NULL) {
        return (int)leave(fake, -EEXIST);
    }
    uint32_t node = entry->node;
    change(fake, FAKE_LINK, name, to);
    fake_names_change(into, "", to, node);
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
    change(fake, FAKE_UNLINK, name, NULL);
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
    change(fake, FAKE_MKDIR, name, NULL);
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

static int lock_locked(fake_sys_t *fake, int fd)
{
    int code = fault(fake, FAKE_LOCK, NULL);
    fake_fd_t *entry = fd_of(fake, fd);
    if (code < 0 || entry == NULL) {
        return code < 0 ? code : -EBADF;
    }
    fake_node_t *node = &fake->disk->nodes[entry->node];
    if (node->locked && !entry->holds_lock) {
        return -EWOULDBLOCK;
    }
    node->locked = true;
    entry->holds_lock = true;
    return 0;
}

static int fake_lock(void *self, int fd)
{
    fake_sys_t *fake = enter(self);
    return (int)leave(fake, lock_locked(fake, fd));
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

void fake_calls_fill(fake_sys_t *fake)
{
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
        .link = fake_link,
        .unlink = fake_unlink,
        .mkdir = fake_mkdir,
        .list = fake_list,
        .lock = fake_lock,
        .free_bytes = fake_free_bytes,
        .monotonic_ns = fake_monotonic_ns,
        .realtime_us = fake_realtime_us,
        .random = fake_random_bytes,
    };
}
