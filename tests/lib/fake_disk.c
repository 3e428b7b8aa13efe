#include "fake_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        (void)fprintf(stderr, "fake disk: out of memory\n");
        abort();
    }
    return memory;
}

static void *copy_of(const void *bytes, size_t count)
{
    void *copy = must(malloc(count == 0 ? 1 : count));
    if (count > 0) {
        memcpy(copy, bytes, count);
    }
    return copy;
}

/* splitmix64, by S. Vigna. */
uint64_t fake_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t value = *seed;
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* ---- the bytes of a file ---- */

#define SHARERS_BYTES 64u /* keeps the buffers aligned */

/* Buffers of its own with that room; the caller fills them. */
static void new_bytes(fake_node_t *file, size_t room)
{
    uint8_t *memory = must(malloc(SHARERS_BYTES + 2 * room + room / FAKE_SECTOR_BYTES));
    file->sharers = (atomic_uint *)(void *)memory;
    atomic_init(file->sharers, 1);
    file->now = memory + SHARERS_BYTES;
    file->device = file->now + room;
    file->dirty = file->device + room;
    file->room = room;
}

/* Release, so that what this one read is read before another frees; acquire for the one that frees. */
static void drop_bytes(const fake_node_t *file)
{
    if (file->sharers != NULL && atomic_fetch_sub_explicit(file->sharers, 1, memory_order_acq_rel) == 1) {
        free(file->sharers);
    }
}

/* Before any change. */
void fake_file_own(fake_node_t *file)
{
    /* Acquire: another sharer is done with the bytes before it leaves. */
    if (file->sharers == NULL || atomic_load_explicit(file->sharers, memory_order_acquire) == 1) {
        return;
    }
    fake_node_t shared = *file;
    new_bytes(file, shared.room);
    memcpy(file->now, shared.now, 2 * shared.room + shared.room / FAKE_SECTOR_BYTES);
    drop_bytes(&shared);
}

static void make_room(fake_node_t *file, uint64_t bytes)
{
    size_t room = file->room;
    if (room >= bytes) {
        fake_file_own(file);
        return;
    }
    /* Small files exactly, so that little is copied; large ones are not copied for each write. */
    room = bytes <= 65536 ? ((size_t)bytes + 4095) / 4096 * 4096 : room == 0 ? 65536 : room;
    while (room < bytes) {
        room *= 2;
    }
    fake_node_t old = *file;
    new_bytes(file, room);
    memset(file->now, 0, 2 * room + room / FAKE_SECTOR_BYTES);
    if (old.room > 0) {
        memcpy(file->now, old.now, old.room);
        memcpy(file->device, old.device, old.room);
        memcpy(file->dirty, old.dirty, old.room / FAKE_SECTOR_BYTES);
        drop_bytes(&old);
    }
}

/* ---- nodes ---- */

fake_disk_t *fake_disk_create(void)
{
    fake_disk_t *disk = must(calloc(1, sizeof *disk));
    (void)fake_disk_add(disk, true);
    return disk;
}

void fake_disk_destroy(fake_disk_t *disk)
{
    if (disk == NULL) {
        return;
    }
    for (size_t i = 0; i < disk->count; i++) {
        fake_node_t *node = &disk->nodes[i];
        drop_bytes(node);
        free(node->names);
        free(node->device_names);
        free(node->changes);
    }
    free(disk->nodes);
    free(disk);
}

/* Only the entries that there are. */
void fake_table_copy(fake_table_t *to, const fake_table_t *from)
{
    memcpy(to->entries, from->entries, from->count * sizeof *to->entries);
    to->count = from->count;
}

static fake_table_t *copy_table(const fake_table_t *from)
{
    fake_table_t *to = must(malloc(sizeof *to));
    fake_table_copy(to, from);
    return to;
}

fake_disk_t *fake_disk_copy(const fake_disk_t *disk)
{
    fake_disk_t *copy = must(calloc(1, sizeof *copy));
    copy->count = disk->count;
    copy->nodes = copy_of(disk->nodes, disk->count * sizeof *disk->nodes);
    for (size_t i = 0; i < disk->count; i++) {
        const fake_node_t *from = &disk->nodes[i];
        fake_node_t *to = &copy->nodes[i];
        to->locked = false;
        if (from->is_directory) {
            to->names = copy_table(from->names);
            to->device_names = copy_table(from->device_names);
            to->changes = must(malloc(FAKE_CHANGES_MAX * sizeof *to->changes));
            memcpy(to->changes, from->changes, from->change_count * sizeof *to->changes);
        } else if (from->sharers != NULL) {
            /* Relaxed: whoever copies has the bytes already, so nobody can be freeing them. */
            (void)atomic_fetch_add_explicit(from->sharers, 1, memory_order_relaxed);
        }
    }
    return copy;
}

uint32_t fake_disk_add(fake_disk_t *disk, bool is_directory)
{
    disk->nodes = must(realloc(disk->nodes, (disk->count + 1) * sizeof *disk->nodes));
    fake_node_t *node = &disk->nodes[disk->count];
    *node = (fake_node_t){.is_directory = is_directory};
    if (is_directory) {
        node->names = must(calloc(1, sizeof *node->names));
        node->device_names = must(calloc(1, sizeof *node->device_names));
        node->changes = must(calloc(FAKE_CHANGES_MAX, sizeof *node->changes));
    }
    return (uint32_t)disk->count++;
}

/* ---- directories ---- */

fake_entry_t *fake_names_find(fake_table_t *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->entries[i].name, name) == 0) {
            return &table->entries[i];
        }
    }
    return NULL;
}

void fake_table_change(fake_table_t *table, const fake_change_t *change)
{
    fake_entry_t *gone = change->remove[0] == '\0' ? NULL : fake_names_find(table, change->remove);
    if (gone != NULL) {
        *gone = table->entries[--table->count];
    }
    if (change->set[0] == '\0') {
        return;
    }
    fake_entry_t *entry = fake_names_find(table, change->set);
    if (entry == NULL) {
        if (table->count == FAKE_ENTRIES_MAX) {
            (void)fprintf(stderr, "fake disk: too many names in a directory\n");
            abort();
        }
        entry = &table->entries[table->count++];
        (void)snprintf(entry->name, sizeof entry->name, "%s", change->set);
    }
    entry->node = change->node;
}

void fake_names_change(fake_node_t *directory, const char *remove, const char *set, uint32_t node)
{
    if (directory->change_count == FAKE_CHANGES_MAX) {
        fake_table_change(directory->device_names,
                          &directory->changes[0]); /* the kernel got round to it */
        directory->change_count--;
        memmove(directory->changes, directory->changes + 1,
                directory->change_count * sizeof *directory->changes);
    }
    fake_change_t *change = &directory->changes[directory->change_count++];
    *change = (fake_change_t){.node = node};
    (void)snprintf(change->remove, sizeof change->remove, "%s", remove);
    (void)snprintf(change->set, sizeof change->set, "%s", set);
    fake_table_change(directory->names, change);
}

/* ---- files ---- */

static void clean_sector(fake_node_t *file, size_t sector)
{
    file->dirty_count -= file->dirty[sector];
    file->dirty[sector] = 0;
}

static void sync_sector(fake_node_t *file, size_t sector)
{
    size_t at = sector * FAKE_SECTOR_BYTES;
    memcpy(file->device + at, file->now + at, FAKE_SECTOR_BYTES);
    clean_sector(file, sector);
}

static void soil_sector(fake_node_t *file, size_t sector)
{
    file->dirty_count += file->dirty[sector] == 0;
    file->dirty[sector] = 1;
}

void fake_file_write(fake_node_t *file, const void *bytes, size_t count, uint64_t offset, bool durable)
{
    make_room(file, offset + count);
    memcpy(file->now + offset, bytes, count);
    file->size = offset + count > file->size ? offset + count : file->size;
    if (durable && file->device_size < offset + count) {
        file->device_size = offset + count;
    }
    for (uint64_t at = offset / FAKE_SECTOR_BYTES; at * FAKE_SECTOR_BYTES < offset + count; at++) {
        soil_sector(file, at);
        if (durable) {
            sync_sector(file, at);
        }
    }
}

void fake_file_resize(fake_node_t *file, uint64_t bytes)
{
    make_room(file, bytes);
    if (bytes < file->size) {
        memset(file->now + bytes, 0, file->size - bytes);
        for (uint64_t at = bytes / FAKE_SECTOR_BYTES; at * FAKE_SECTOR_BYTES < file->size; at++) {
            soil_sector(file, at);
        }
    }
    file->size = bytes;
}

void fake_node_sync(fake_node_t *node)
{
    if (node->is_directory) {
        fake_table_copy(node->device_names, node->names);
        node->change_count = 0;
        return;
    }
    if (node->dirty_count > 0) {
        fake_file_own(node);
        for (size_t sector = 0; sector < node->room / FAKE_SECTOR_BYTES; sector++) {
            if (node->dirty[sector] != 0) {
                sync_sector(node, sector);
            }
        }
    }
    node->device_size = node->size;
}

void fake_node_sync_failed(fake_node_t *node)
{
    if (!node->is_directory && node->dirty_count > 0) {
        fake_file_own(node);
        memset(node->dirty, 0, node->room / FAKE_SECTOR_BYTES);
        node->dirty_count = 0;
        node->cache_lies = true;
    }
}

void fake_node_forget(fake_node_t *node)
{
    if (!node->cache_lies) {
        return;
    }
    fake_file_own(node);
    for (size_t sector = 0; sector < node->room / FAKE_SECTOR_BYTES; sector++) {
        if (node->dirty[sector] == 0) {
            size_t at = sector * FAKE_SECTOR_BYTES;
            memcpy(node->now + at, node->device + at, FAKE_SECTOR_BYTES);
        }
    }
    node->cache_lies = false;
}
