#include "lean_memory.h"

static uint64_t g_left; /* allocations up to and with the one that is refused */
static bool g_refused;

void lean_memory_refuse(uint64_t nth)
{
    g_left = nth;
    g_refused = false;
}

bool lean_memory_refused(void)
{
    return g_refused;
}

static bool is_refused(void)
{
    if (g_left == 0 || --g_left > 0) {
        return false;
    }
    g_refused = true;
    return true;
}

void *__wrap_malloc(size_t bytes)
{
    return is_refused() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return is_refused() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return is_refused() ? NULL : __real_realloc(memory, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return is_refused() ? NULL : __real_aligned_alloc(alignment, bytes);
}
