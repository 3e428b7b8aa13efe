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
        free(node->now);
        free(node->device);
        free(node->dirty);
        free(node->names);
        free(node->device_names);
        free(node->changes);
    }
    free(disk->nodes);
    free(disk);
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
            to->names = copy_of(from->names, sizeof *from->names);
            to->device_names = copy_of(from->device_names, sizeof *from->device_names);
            to->changes = must(malloc(FAKE_CHANGES_MAX * sizeof *to->changes));
            memcpy(to->changes, from->changes, from->change_count * sizeof *to->changes);
        } else {
            to->now = copy_of(from->now, from->room);
            to->device = copy_of(from->device, from->room);
            to->dirty = copy_of(from->dirty, from->room / FAKE_SECTOR_BYTES);
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

static void apply_change(fake_table_t *table, const fake_change_t *change)
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
        apply_change(directory->device_names, &directory->changes[0]); /* the kernel got round to it */
        directory->change_count--;
        memmove(directory->changes, directory->changes + 1,
                directory->change_count * sizeof *directory->changes);
    }
    fake_change_t *change = &directory->changes[directory->change_count++];
    *change = (fake_change_t){.node = node};
    (void)snprintf(change->remove, sizeof change->remove, "%s", remove);
    (void)snprintf(change->set, sizeof change->set, "%s", set);
    apply_change(directory->names, change);
}

/* ---- files ---- */

static void make_room(fake_node_t *file, uint64_t bytes)
{
    size_t room = file->room == 0 ? 4096 : file->room;
    while (room < bytes) {
        room *= 2;
    }
    if (room == file->room) {
        return;
    }
    file->now = must(realloc(file->now, room));
    file->device = must(realloc(file->device, room));
    file->dirty = must(realloc(file->dirty, room / FAKE_SECTOR_BYTES));
    memset(file->now + file->room, 0, room - file->room);
    memset(file->device + file->room, 0, room - file->room);
    memset(file->dirty + file->room / FAKE_SECTOR_BYTES, 0, (room - file->room) / FAKE_SECTOR_BYTES);
    file->room = room;
}

static void sync_sector(fake_node_t *file, size_t sector)
{
    size_t at = sector * FAKE_SECTOR_BYTES;
    memcpy(file->device + at, file->now + at, FAKE_SECTOR_BYTES);
    file->dirty[sector] = 0;
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
        file->dirty[at] = 1;
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
            file->dirty[at] = 1;
        }
    }
    file->size = bytes;
}

void fake_node_sync(fake_node_t *node)
{
    if (node->is_directory) {
        memcpy(node->device_names, node->names, sizeof *node->names);
        node->change_count = 0;
        return;
    }
    for (size_t sector = 0; sector < node->room / FAKE_SECTOR_BYTES; sector++) {
        if (node->dirty[sector] != 0) {
            sync_sector(node, sector);
        }
    }
    node->device_size = node->size;
}

void fake_node_sync_failed(fake_node_t *node)
{
    if (!node->is_directory) {
        memset(node->dirty, 0, node->room / FAKE_SECTOR_BYTES);
    }
}

void fake_node_forget(fake_node_t *node)
{
    for (size_t sector = 0; sector < node->room / FAKE_SECTOR_BYTES; sector++) {
        if (node->dirty[sector] == 0) {
            size_t at = sector * FAKE_SECTOR_BYTES;
            memcpy(node->now + at, node->device + at, FAKE_SECTOR_BYTES);
        }
    }
}

/* ---- the power goes ---- */

static void cut_sector(fake_node_t *file, size_t sector, fake_keep_t keep, uint64_t *seed)
{
    uint64_t toss = fake_random(seed);
    if ((toss & 1) != 0) {
        sync_sector(file, sector);
    } else if (keep == FAKE_KEEP_GARBAGE && (toss & 6) == 0) {
        for (size_t i = 0; i < FAKE_SECTOR_BYTES; i++) {
            file->device[sector * FAKE_SECTOR_BYTES + i] = (uint8_t)fake_random(seed);
        }
    }
}

static void cut_file(fake_node_t *file, fake_keep_t keep, uint64_t *seed)
{
    if (keep == FAKE_KEEP_ALL) {
        fake_node_sync(file);
    } else if (keep != FAKE_KEEP_DURABLE) {
        for (size_t sector = 0; sector < file->room / FAKE_SECTOR_BYTES; sector++) {
            if (file->dirty[sector] != 0) {
                cut_sector(file, sector, keep, seed);
            }
        }
        file->device_size = (fake_random(seed) & 1) != 0 ? file->size : file->device_size;
    }
    if (file->room > 0) {
        memset(file->device + file->device_size, 0, file->room - file->device_size);
        memcpy(file->now, file->device, file->room);
        memset(file->dirty, 0, file->room / FAKE_SECTOR_BYTES);
    }
    file->size = file->device_size;
}

static void cut_directory(fake_node_t *directory, fake_keep_t keep, uint64_t *seed)
{
    for (size_t i = 0; i < directory->change_count; i++) {
        if (keep == FAKE_KEEP_ALL || (keep != FAKE_KEEP_DURABLE && (fake_random(seed) & 1) != 0)) {
            apply_change(directory->device_names, &directory->changes[i]);
        }
    }
    directory->change_count = 0;
    memcpy(directory->names, directory->device_names, sizeof *directory->names);
}

void fake_disk_cut(fake_disk_t *disk, fake_keep_t keep, uint64_t seed)
{
    for (size_t i = 0; i < disk->count; i++) {
        fake_node_t *node = &disk->nodes[i];
        node->locked = false;
        if (node->is_directory) {
            cut_directory(node, keep, &seed);
        } else {
            cut_file(node, keep, &seed);
        }
    }
}
