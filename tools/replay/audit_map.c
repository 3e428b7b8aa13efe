#include "audit_map.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_HEADS 64u

void audit_map_finish(audit_map_t *map)
{
    free(map->heads);
    free(map->entries);
    memset(map, 0, sizeof *map);
}

static void link_entry(audit_map_t *map, uint32_t at)
{
    uint32_t *head = &map->heads[map->entries[at].hash & (map->head_count - 1)];
    map->entries[at].next = *head;
    *head = at;
}

/* That many chains. Entries are linked anew in the order they came, so the newest stays first. */
static void set_heads(audit_map_t *map, uint64_t count)
{
    uint32_t *heads = replay_allocate(count * sizeof *heads);
    memset(heads, 0xff, count * sizeof *heads); /* AUDIT_NONE in each */
    free(map->heads);
    map->heads = heads;
    map->head_count = count;
    for (uint64_t at = 0; at < map->entry_count; at++) {
        link_entry(map, (uint32_t)at);
    }
}

void audit_map_reserve(audit_map_t *map, uint64_t entries)
{
    uint64_t heads = FIRST_HEADS;
    while (heads < entries) {
        heads *= 2;
    }
    set_heads(map, heads);
    map->entries = replay_grow(map->entries, &map->entry_capacity, entries, sizeof *map->entries);
}

void audit_map_add(audit_map_t *map, uint32_t hash, uint32_t value)
{
    if (map->entry_count == AUDIT_NONE) {
        replay_out_of_memory();
    }
    if (map->entry_count == map->head_count) {
        set_heads(map, map->head_count == 0 ? FIRST_HEADS : map->head_count * 2);
    }
    map->entries =
        replay_grow(map->entries, &map->entry_capacity, map->entry_count + 1, sizeof *map->entries);
    uint32_t at = (uint32_t)map->entry_count++;
    map->entries[at] = (audit_map_entry_t){.next = AUDIT_NONE, .hash = hash, .value = value};
    link_entry(map, at);
}
