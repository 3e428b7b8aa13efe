#include "snapshot/files.h"

#include "base/error.h"
#include "journal/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SUFFIX ".snap"
#define NAME_DIGITS 20u

void slc_snapshot_name(uint64_t sequence, char ret_name[SLC_SNAPSHOT_NAME_BYTES])
{
    (void)snprintf(ret_name, SLC_SNAPSHOT_NAME_BYTES, SLC_SNAPSHOT_NAME_PREFIX "%020" PRIu64 NAME_SUFFIX,
                   sequence);
}

uint64_t slc_snapshot_sequence_of_name(const char *name)
{
    size_t prefix = strlen(SLC_SNAPSHOT_NAME_PREFIX);
    uint64_t sequence = 0;
    if (strncmp(name, SLC_SNAPSHOT_NAME_PREFIX, prefix) != 0) {
        return 0;
    }
    for (size_t i = 0; i < NAME_DIGITS; i++) {
        char digit = name[prefix + i];
        if (digit < '0' || digit > '9' || __builtin_mul_overflow(sequence, UINT64_C(10), &sequence) ||
            __builtin_add_overflow(sequence, (uint64_t)(digit - '0'), &sequence)) {
            return 0;
        }
    }
    return strcmp(name + prefix + NAME_DIGITS, NAME_SUFFIX) == 0 ? sequence : 0;
}

typedef struct found {
    uint64_t *sequences;
    size_t count;
    size_t room;
} found_t;

static int add_name(void *context, const char *name)
{
    found_t *found = context;
    uint64_t sequence = slc_snapshot_sequence_of_name(name);
    if (sequence == 0) {
        return 0;
    }
    if (found->count == found->room) {
        size_t room = found->room == 0 ? 16 : found->room * 2;
        uint64_t *sequences = realloc(found->sequences, room * sizeof *sequences);
        if (sequences == NULL) {
            return -ENOMEM;
        }
        found->sequences = sequences;
        found->room = room;
    }
    found->sequences[found->count++] = sequence;
    return 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

slc_err_t slc_snapshot_find(const slc_directory_t *directory, uint64_t **ret_sequences, size_t *ret_count,
                            slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    found_t found = {0};
    int code = sys->list(sys->self, directory->fd, add_name, &found);
    if (code < 0) {
        free(found.sequences);
        return slc_error_sys(ret_error, code == -ENOMEM ? SLC_ERR_NO_MEMORY : SLC_ERR_IO, -code,
                             "cannot list the data directory %s", directory->path);
    }
    if (found.count > 0) {
        qsort(found.sequences, found.count, sizeof *found.sequences, compare);
    }
    *ret_sequences = found.sequences;
    *ret_count = found.count;
    return SLC_OK;
}
