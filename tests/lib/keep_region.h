/* The calls that keep_region.c stands in for. Threads, ownership, failure: see there. */
#ifndef TESTS_LIB_KEEP_REGION_H
#define TESTS_LIB_KEEP_REGION_H

#include <sys/mman.h>
#include <sys/types.h>

/* Names that the linker's --wrap asks for. */
void *__wrap_mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
void *__real_mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t bytes);
int __real_munmap(void *at, size_t bytes);
int __wrap_madvise(void *at, size_t bytes, int advice);
int __real_madvise(void *at, size_t bytes, int advice);

#endif
