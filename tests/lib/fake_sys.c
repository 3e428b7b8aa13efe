#include "fake_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fake_misuse(const char *what, const char *where)
{
    (void)fprintf(stderr, "fake sys: %s: %s\n", what, where);
    abort();
}

const char *fake_call_name(fake_call_t call)
{
    static const char *const names[] = {"open",   "close",    "pread", "pwrite", "fsync", "fdatasync",
                                        "forget", "truncate", "size",  "rename", "link",  "unlink",
                                        "mkdir",  "list",     "lock",  "random", "any"};
    return names[call];
}

/* ---- life ---- */

static fake_sys_t *create_over(fake_disk_t *disk)
{
    fake_sys_t *fake = calloc(1, sizeof *fake);
    if (fake == NULL) {
        fake_misuse("out of memory", "create");
        return NULL;
    }
    fake->disk = disk;
    fake->random = 1;
    fake->base_us = UINT64_C(1700000000000000);
    (void)pthread_mutex_init(&fake->lock, NULL);
    fake_calls_fill(fake);
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

void fake_sys_quiet(fake_sys_t *fake, bool quiet)
{
    fake->quiet = quiet;
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

uint64_t fake_sys_base_us(const fake_sys_t *fake)
{
    return fake->base_us;
}

uint64_t fake_sys_now_ns(const fake_sys_t *fake)
{
    return fake->now_ns;
}

void fake_sys_pass_time(fake_sys_t *fake, uint64_t ns)
{
    fake->now_ns += ns;
}

uint64_t fake_sys_bytes(const fake_sys_t *fake)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < fake->disk->count; i++) {
        sum += fake->disk->nodes[i].size;
    }
    return sum;
}

/* ---- crashes ---- */

void fake_sys_watch(fake_sys_t *fake, fake_before_fn before, void *context)
{
    fake->before = before;
    fake->context = context;
    fake->changes = 0;
}

fake_change_seen_t fake_sys_seen(const fake_sys_t *fake)
{
    return fake->seen;
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

/* With the write under way done, and not synced. */
static fake_sys_t *copy_written(fake_sys_t *fake)
{
    fake_sys_t *other = copy(fake);
    if (fake->write_bytes != NULL) {
        fake_file_write(&other->disk->nodes[fake->write_node], fake->write_bytes, fake->write_count,
                        fake->write_offset, false);
    }
    return other;
}

fake_sys_t *fake_sys_crash(fake_sys_t *fake, fake_keep_t keep, uint64_t seed)
{
    fake_sys_t *other = copy_written(fake);
    fake_disk_cut(other->disk, keep, seed);
    return other;
}

size_t fake_sys_unsynced(fake_sys_t *fake)
{
    fake_sys_t *other = copy_written(fake);
    size_t count = fake_disk_unsynced(other->disk);
    fake_sys_destroy(other);
    return count;
}

size_t fake_sys_write_sectors(const fake_sys_t *fake)
{
    return fake->write_bytes == NULL ? 0
                                     : (fake->write_count + FAKE_SECTOR_BYTES - 1) / FAKE_SECTOR_BYTES;
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
        fake_misuse("no such file", path);
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
        fake_misuse("no such directory", path);
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
        fake_misuse("no such file", path);
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
        fake_misuse("cannot move", from);
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

static bool same_tree(const fake_disk_t *one, uint32_t node, const fake_disk_t *other, uint32_t twin)
{
    const fake_node_t *a = &one->nodes[node];
    const fake_node_t *b = &other->nodes[twin];
    if (a->is_directory != b->is_directory) {
        return false;
    }
    if (!a->is_directory) { /* mostly the very same bytes, shared */
        return a->size == b->size &&
               (a->now == b->now || a->size == 0 || memcmp(a->now, b->now, a->size) == 0);
    }
    bool same = a->names->count == b->names->count;
    for (size_t i = 0; same && i < a->names->count; i++) {
        const fake_entry_t *entry = &a->names->entries[i];
        const fake_entry_t *found = fake_names_find(b->names, entry->name);
        same = found != NULL && same_tree(one, entry->node, other, found->node);
    }
    return same;
}

bool fake_sys_same_files(const fake_sys_t *one, const fake_sys_t *other)
{
    return same_tree(one->disk, 0, other->disk, 0);
}
