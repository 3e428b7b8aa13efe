#include "wire/arena.h"

#include <stdalign.h>

static void *arena_alloc(void *context, size_t size)
{
    slc_arena_t *arena = context;
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (rounded < size || rounded > arena->capacity - arena->used) {
        return NULL;
    }
    void *at = arena->bytes + arena->used;
    arena->used += rounded;
    return at;
}

static void arena_free(void *context, void *pointer)
{
    (void)context;
    (void)pointer;
}

void slc_arena_init(slc_arena_t *arena, void *bytes, size_t capacity)
{
    *arena = (slc_arena_t){
        .allocator = {.alloc = arena_alloc, .free = arena_free, .allocator_data = arena},
        .bytes = bytes,
        .capacity = capacity,
    };
}

void slc_arena_reset(slc_arena_t *arena)
{
    arena->used = 0;
}
