#include "fake_disk.h"

#include <string.h>

#define PAGE_BYTES 4096u
#define PAGE_SECTORS (PAGE_BYTES / FAKE_SECTOR_BYTES)

/* One cut under way. */
typedef struct {
    fake_disk_t *disk;
    fake_keep_t keep;
    uint64_t seed; /* of the coin */
    uint64_t unit; /* of those that are unsynced, in order: the one that ONE and BUT_ONE are about */
    uint64_t at;   /* units passed */
} cut_t;

static bool has_unsynced_size(const fake_node_t *file)
{
    return file->size != file->device_size;
}

static bool is_dirty_page(const fake_node_t *file, size_t page)
{
    size_t sectors = file->room / FAKE_SECTOR_BYTES;
    for (size_t i = page * PAGE_SECTORS; i < sectors && i < (page + 1) * PAGE_SECTORS; i++) {
        if (file->dirty[i] != 0) {
            return true;
        }
    }
    return false;
}

static size_t pages_of(const fake_node_t *file)
{
    return (file->room + PAGE_BYTES - 1) / PAGE_BYTES;
}

size_t fake_disk_unsynced(const fake_disk_t *disk)
{
    size_t count = 0;
    for (size_t i = 0; i < disk->count; i++) {
        const fake_node_t *node = &disk->nodes[i];
        count += node->is_directory ? node->change_count : has_unsynced_size(node);
        for (size_t page = 0; node->dirty_count > 0 && page < pages_of(node); page++) {
            count += is_dirty_page(node, page);
        }
    }
    return count;
}

static bool toss(cut_t *cut)
{
    return (fake_random(&cut->seed) & 1) != 0;
}

/* The next unit is kept as a whole: by number, or by the coin. */
static bool keeps_unit(cut_t *cut)
{
    switch (cut->keep) {
    case FAKE_KEEP_ONE:
        return cut->at++ == cut->unit;
    case FAKE_KEEP_BUT_ONE:
        return cut->at++ != cut->unit;
    case FAKE_KEEP_SOME:
    case FAKE_KEEP_GARBAGE:
    case FAKE_KEEP_STALE:
    case FAKE_KEEP_UNTIL:
        return toss(cut);
    case FAKE_KEEP_ALL:
        return true;
    case FAKE_KEEP_DURABLE:
    case FAKE_KEEP_COUNT:
        break;
    }
    return false;
}

static void keep_sector(fake_node_t *file, size_t sector)
{
    size_t at = sector * FAKE_SECTOR_BYTES;
    memcpy(file->device + at, file->now + at, FAKE_SECTOR_BYTES);
}

static void spoil_sector(fake_node_t *file, size_t sector, uint64_t *seed)
{
    for (size_t i = 0; i < FAKE_SECTOR_BYTES; i += sizeof(uint64_t)) {
        uint64_t garbage = fake_random(seed);
        memcpy(file->device + sector * FAKE_SECTOR_BYTES + i, &garbage, sizeof garbage);
    }
}

/* What an extent held that the file system gave to a new file: a page of some other one. */
static void put_stale_page(cut_t *cut, fake_node_t *file, size_t page)
{
    const fake_node_t *other = &cut->disk->nodes[fake_random(&cut->seed) % cut->disk->count];
    if (other->is_directory || other == file || other->room < PAGE_BYTES ||
        (page + 1) * PAGE_BYTES > file->room) {
        return;
    }
    size_t from = fake_random(&cut->seed) % (other->room / PAGE_BYTES);
    memcpy(file->device + page * PAGE_BYTES, other->device + from * PAGE_BYTES, PAGE_BYTES);
}

static void cut_page(cut_t *cut, fake_node_t *file, size_t page)
{
    bool by_unit = cut->keep == FAKE_KEEP_ONE || cut->keep == FAKE_KEEP_BUT_ONE;
    bool whole = by_unit && keeps_unit(cut);
    bool was_synced = file->device_size > page * PAGE_BYTES;
    if (cut->keep == FAKE_KEEP_STALE && !was_synced && toss(cut)) {
        put_stale_page(cut, file, page);
    }
    for (size_t i = page * PAGE_SECTORS;
         i < file->room / FAKE_SECTOR_BYTES && i < (page + 1) * PAGE_SECTORS; i++) {
        if (file->dirty[i] == 0) {
            continue;
        }
        bool kept = cut->keep == FAKE_KEEP_UNTIL ? cut->unit > 0 : by_unit ? whole : keeps_unit(cut);
        cut->unit -= cut->keep == FAKE_KEEP_UNTIL && kept;
        if (kept) {
            keep_sector(file, i);
        } else if (cut->keep == FAKE_KEEP_GARBAGE && (fake_random(&cut->seed) & 3) == 0) {
            spoil_sector(file, i, &cut->seed);
        }
    }
}

static void cut_file(cut_t *cut, fake_node_t *file)
{
    if (file->dirty_count == 0 && !has_unsynced_size(file) && !file->cache_lies) {
        return; /* nothing to lose */
    }
    fake_file_own(file);
    for (size_t page = 0; file->dirty_count > 0 && page < pages_of(file); page++) {
        if (is_dirty_page(file, page)) {
            cut_page(cut, file, page);
        }
    }
    if (has_unsynced_size(file) && keeps_unit(cut)) {
        file->device_size = file->size;
    }
    if (file->room > 0) {
        memset(file->device + file->device_size, 0, file->room - file->device_size);
        memcpy(file->now, file->device, file->room);
        memset(file->dirty, 0, file->room / FAKE_SECTOR_BYTES);
    }
    file->dirty_count = 0;
    file->cache_lies = false;
    file->size = file->device_size;
}

static void cut_directory(cut_t *cut, fake_node_t *directory)
{
    for (size_t i = 0; i < directory->change_count; i++) {
        if (keeps_unit(cut)) {
            fake_table_change(directory->device_names, &directory->changes[i]);
        }
    }
    directory->change_count = 0;
    fake_table_copy(directory->names, directory->device_names);
}

void fake_disk_cut(fake_disk_t *disk, fake_keep_t keep, uint64_t seed)
{
    cut_t cut = {.disk = disk, .keep = keep, .seed = seed, .unit = seed};
    for (size_t i = 0; i < disk->count; i++) {
        fake_node_t *node = &disk->nodes[i];
        node->locked = false;
        if (node->is_directory) {
            cut_directory(&cut, node);
        } else {
            cut_file(&cut, node);
        }
    }
}
