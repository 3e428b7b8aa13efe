/* A bump allocator for protobuf-c, bounded: what one message needs, and not a byte more than was granted.
 * Threads: one. Ownership: init takes the memory it is given; nothing to finish. freeing does nothing;
 * slc_arena_reset takes all back at once.
 * Failure: allocation answers NULL when the arena is full, and protobuf-c refuses the message. */
#ifndef SLC_WIRE_ARENA_H
#define SLC_WIRE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

typedef struct slc_arena {
    ProtobufCAllocator allocator; /* hand this to protobuf-c */
    uint8_t *bytes;
    size_t capacity;
    size_t used;
} slc_arena_t;

void slc_arena_init(slc_arena_t *arena, void *bytes, size_t capacity);
void slc_arena_reset(slc_arena_t *arena);

#endif
