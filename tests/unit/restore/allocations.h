/* The calls that memory_test.c stands in for; their names are what the linker's --wrap asks for.
 * Threads: one. Owns nothing. Failure: refuses where the test wants it to. */
#ifndef SLC_TEST_ALLOCATIONS_H
#define SLC_TEST_ALLOCATIONS_H

#include <pthread.h>
#include <stddef.h>

void *__wrap_malloc(size_t bytes);
void *__real_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);
void *__real_realloc(void *at, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context);

#endif
