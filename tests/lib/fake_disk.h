/* A file system in memory that knows what a power cut would leave of it: for each file the bytes that the
 * kernel shows and the bytes that the device has, sector by sector; for each directory the entries now,
 * and the changes that no sync has made durable yet.
 * Threads: none of its own and no lock; fake_sys.c holds one around it.
 * Ownership: create/destroy; nodes belong to their disk.
 * Failure: out of memory aborts the test. */
#ifndef TESTS_LIB_FAKE_DISK_H
#define TESTS_LIB_FAKE_DISK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_SECTOR_BYTES 512u
#define FAKE_NAME_BYTES 96u
#define FAKE_ENTRIES_MAX 64u
#define FAKE_CHANGES_MAX 64u

typedef struct fake_node fake_node_t;

typedef struct fake_entry {
    char name[FAKE_NAME_BYTES];
    uint32_t node; /* index in the disk's nodes */
} fake_entry_t;

/* One change of a directory that a crash keeps or drops as a whole. */
typedef struct fake_change {
    char remove[FAKE_NAME_BYTES]; /* "": nothing */
    char set[FAKE_NAME_BYTES];    /* "": nothing */
    uint32_t node;
} fake_change_t;

typedef struct fake_table {
    fake_entry_t entries[FAKE_ENTRIES_MAX];
    size_t count;
} fake_table_t;

struct fake_node {
    bool is_directory;
    bool locked;
    /* A file. Both buffers hold `room` bytes; beyond its size each is zeros. Copies of a disk share them
     * until one of them changes: thousands of crashes are tried on what is mostly the same. */
    atomic_uint *sharers; /* before the buffers, in one allocation with them */
    uint8_t *now;
    uint8_t *device;
    uint8_t *dirty;     /* one for each sector: the next sync writes it */
    size_t dirty_count; /* sectors */
    bool cache_lies;    /* a failed sync: what is clean may differ from the device */
    size_t room;
    uint64_t size;
    uint64_t device_size;
    /* A directory. */
    fake_table_t *names;
    fake_table_t *device_names;
    fake_change_t *changes;
    size_t change_count;
};

typedef struct fake_disk {
    fake_node_t *nodes; /* nodes[0] is the top directory */
    size_t count;
} fake_disk_t;

fake_disk_t *fake_disk_create(void);
void fake_disk_destroy(fake_disk_t *disk);
fake_disk_t *fake_disk_copy(const fake_disk_t *disk);

/* Index of a new, empty node. */
uint32_t fake_disk_add(fake_disk_t *disk, bool is_directory);
fake_entry_t *fake_names_find(fake_table_t *table, const char *name);
void fake_names_change(fake_node_t *directory, const char *remove, const char *set, uint32_t node);

/* For fake_cut.c: bytes that no copy shares; one change, and all entries, of a table. */
void fake_file_own(fake_node_t *file);
void fake_table_change(fake_table_t *table, const fake_change_t *change);
void fake_table_copy(fake_table_t *to, const fake_table_t *from);

void fake_file_write(fake_node_t *file, const void *bytes, size_t count, uint64_t offset, bool durable);
void fake_file_resize(fake_node_t *file, uint64_t bytes);
/* What is dirty reaches the device. */
void fake_node_sync(fake_node_t *node);
/* The sync failed: the device keeps what it had, the cache what it shows, and nothing is dirty. */
void fake_node_sync_failed(fake_node_t *node);
void fake_node_forget(fake_node_t *node);

/* What a power cut may keep. */
typedef enum fake_keep {
    FAKE_KEEP_DURABLE, /* only what was synced */
    FAKE_KEEP_ALL,     /* everything, as after a killed process */
    FAKE_KEEP_SOME,    /* each sector, size and directory change by the toss of a coin */
    FAKE_KEEP_GARBAGE, /* the same, and some unsynced sectors hold neither old nor new bytes */
    FAKE_KEEP_STALE,   /* as SOME, and unsynced pages of files never synced hold pages of other files */
    FAKE_KEEP_BUT_ONE, /* everything but one: page of 4 KiB, size, or change of a directory */
    FAKE_KEEP_ONE,     /* of what is unsynced, only one page, size, or change of a directory */
    FAKE_KEEP_UNTIL,   /* the sectors of each file up to some place: a write that the power cut short */
    FAKE_KEEP_COUNT
} fake_keep_t;

/* What is unsynced, in the units of BUT_ONE and ONE. */
size_t fake_disk_unsynced(const fake_disk_t *disk);

/* The power goes now: cache and device become what is kept. `seed` steers the coin; for BUT_ONE and ONE
 * it is the number of the unit, for UNTIL the number of sectors. */
void fake_disk_cut(fake_disk_t *disk, fake_keep_t keep, uint64_t seed);

uint64_t fake_random(uint64_t *seed);

#endif
