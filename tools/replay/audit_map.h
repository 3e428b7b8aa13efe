/* The audit's index: a hash map with chains, from a 32-bit hash to the numbers that were added under it.
 * Nothing is ever taken out; who looks something up compares the candidates himself. Simple enough to be
 * seen to be right, which is all an auditor's index has to be.
 * Threads: one. Ownership: init/finish; the numbers mean something to the caller only.
 * Failure: none but memory, see memory.h; more than 2^32 - 1 entries count as that. */
#ifndef REPLAY_AUDIT_MAP_H
#define REPLAY_AUDIT_MAP_H

#include <stdint.h>

/* No entry, no index. */
#define AUDIT_NONE UINT32_MAX

typedef struct audit_map_entry {
    uint32_t next; /* entry in the same chain, AUDIT_NONE: the last */
    uint32_t hash;
    uint32_t value;
} audit_map_entry_t;

typedef struct audit_map {
    uint32_t *heads; /* of the chains; head_count of them, a power of two, or none yet */
    uint64_t head_count;
    audit_map_entry_t *entries;
    uint64_t entry_count;
    uint64_t entry_capacity;
} audit_map_t;

/* An all-zero map is an empty one. */
void audit_map_finish(audit_map_t *map);
/* Makes room for so many entries, of an empty map, so that it does not have to grow on the way. */
void audit_map_reserve(audit_map_t *map, uint64_t entries);
void audit_map_add(audit_map_t *map, uint32_t hash, uint32_t value);

/* The entry from `at` on, along its chain, whose hash this is; AUDIT_NONE: there is none. */
static inline uint32_t audit_map_match(const audit_map_t *map, uint32_t at, uint32_t hash)
{
    while (at != AUDIT_NONE && map->entries[at].hash != hash) {
        at = map->entries[at].next;
    }
    return at;
}

/* Walks the entries added under `hash`, the newest first:
 * for (at = audit_map_first(...); at != AUDIT_NONE; at = audit_map_next(map, at)). */
static inline uint32_t audit_map_first(const audit_map_t *map, uint32_t hash)
{
    if (map->head_count == 0) {
        return AUDIT_NONE;
    }
    return audit_map_match(map, map->heads[hash & (map->head_count - 1)], hash);
}

static inline uint32_t audit_map_next(const audit_map_t *map, uint32_t at)
{
    return audit_map_match(map, map->entries[at].next, map->entries[at].hash);
}

static inline void audit_map_replace(audit_map_t *map, uint32_t at, uint32_t value)
{
    map->entries[at].value = value;
}

/* Two hints: where a chain begins, and its first entry. */
static inline void audit_map_hint_head(const audit_map_t *map, uint32_t hash)
{
    if (map->head_count > 0) {
        __builtin_prefetch(&map->heads[hash & (map->head_count - 1)]);
    }
}

static inline void audit_map_hint_entry(const audit_map_t *map, uint32_t hash)
{
    uint32_t at = map->head_count == 0 ? AUDIT_NONE : map->heads[hash & (map->head_count - 1)];
    if (at != AUDIT_NONE) {
        __builtin_prefetch(&map->entries[at]);
    }
}

static inline uint32_t audit_map_value(const audit_map_t *map, uint32_t at)
{
    return map->entries[at].value;
}

#endif
