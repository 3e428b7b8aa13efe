/* An allocation that fails when a test wants it to: what is linked with lean_links asks here for memory.
 * Threads: one while an allocation is to fail. Ownership: as malloc. Failure: NULL, once. */
#ifndef TESTS_LIB_LEAN_MEMORY_H
#define TESTS_LIB_LEAN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The `nth` allocation from now on (from 1) is refused, those behind it are not. 0: none is. */
void lean_memory_refuse(uint64_t nth);
/* That allocation has come. */
bool lean_memory_refused(void);

/* Names that the linker's --wrap asks for. */
void *__wrap_malloc(size_t bytes);
void *__real_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);

#endif
