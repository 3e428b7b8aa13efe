/* Arrays that grow. A program that answers one question and ends has nothing better to do without memory
 * than to say so and leave, so there is no failure to hand on.
 * Threads: any, each on arrays of its own. Ownership: the array is the caller's, freed with free().
 * Failure: without memory the program says so on stderr and exits with 5. */
#ifndef REPLAY_MEMORY_H
#define REPLAY_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Sees to it that `items` has room for `needed` items: answers it, moved where it had to grow.
 * *capacity is what it has room for. */
void *replay_grow(void *items, uint64_t *capacity, uint64_t needed, size_t item_bytes);

/* `bytes` of fresh memory, freed with free(). */
void *replay_allocate(size_t bytes);

/* Says that memory is out and exits. */
_Noreturn void replay_out_of_memory(void);

#endif
