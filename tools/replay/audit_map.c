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

/* Twice as many chains. Entries are linked anew in the order they came, so the newest stays first. */
static void double_heads(audit_map_t *map)
{
    uint64_t count = map->head_count == 0 ? FIRST_HEADS : map->head_count * 2;
    uint32_t *heads = malloc(count * sizeof *heads);
    if (heads == NULL) {
        replay_out_of_memory();
    }
    memset(heads, 0xff, count * sizeof *heads); /* AUDIT_NONE in each */
    free(map->heads);
    map->heads = heads;
    map->head_count = count;
    for (uint64_t at = 0; at < map->entry_count; at++) {
        link_entry(map, (uint32_t)at);
    }
}

void audit_map_add(audit_map_t *map, uint32_t hash, uint32_t value)
{
    if (map->entry_count == AUDIT_NONE) {
        replay_out_of_memory();
    }
    if (map->entry_count == map->head_count) {
        double_heads(map);
    }
    map->entries =
        replay_grow(map->entries, &map->entry_capacity, map->entry_count + 1, sizeof *map->entries);
    uint32_t at = (uint32_t)map->entry_count++;
    map->entries[at] = (audit_map_entry_t){.next = AUDIT_NONE, .hash = hash, .value = value};
    link_entry(map, at);
}
