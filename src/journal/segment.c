#include "journal/segment.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "journal/block.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    AT_FORMAT_VERSION = 16,
    AT_RULES_VERSION = 20,
    AT_DIRECTORY_ID = 24,
    AT_NUMBER = 40,
    AT_ZERO = 44,
    AT_SEGMENT_BYTES = 48,
    AT_FIRST_SEQUENCE = 56,
    AT_LAST_TIME = 64,
    AT_CHAIN = 72,
    AT_ZEROS = 80,
};

static_assert(AT_FORMAT_VERSION == SLC_CHECKED_OFFSET, "the checksum covers all behind it");
static_assert(AT_DIRECTORY_ID + SLC_DIRECTORY_ID_BYTES == AT_NUMBER, "the id fits its place");

#define NAME_PREFIX "segment-"
#define NAME_SUFFIX ".journal"
#define NAME_DIGITS 10u

void slc_segment_name(uint32_t number, char ret_name[SLC_SEGMENT_NAME_BYTES])
{
    (void)snprintf(ret_name, SLC_SEGMENT_NAME_BYTES, NAME_PREFIX "%010" PRIu32 NAME_SUFFIX, number);
}

/* 0: not the name of a segment. */
static uint32_t number_of_name(const char *name)
{
    size_t prefix = strlen(NAME_PREFIX);
    if (strncmp(name, NAME_PREFIX, prefix) != 0) {
        return 0;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < NAME_DIGITS; i++) {
        char digit = name[prefix + i];
        if (digit < '0' || digit > '9') {
            return 0;
        }
        number = number * 10 + (uint64_t)(digit - '0');
    }
    bool whole = strcmp(name + prefix + NAME_DIGITS, NAME_SUFFIX) == 0 && number <= UINT32_MAX;
    return whole ? (uint32_t)number : 0;
}

typedef struct {
    uint32_t *numbers;
    size_t count;
    size_t room;
} segment_list_t;

static int add_name(void *context, const char *name)
{
    segment_list_t *list = context;
    uint32_t number = number_of_name(name);
    if (number == 0) {
        return 0;
    }
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : list->room * 2;
        uint32_t *numbers = realloc(list->numbers, room * sizeof *numbers);
        if (numbers == NULL) {
            return -ENOMEM;
        }
        list->numbers = numbers;
        list->room = room;
    }
    list->numbers[list->count++] = number;
    return 0;
}

int slc_segment_compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

slc_err_t slc_segment_list(const slc_directory_t *directory, uint32_t **ret_numbers, size_t *ret_count,
                           slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    segment_list_t list = {0};
    int code = sys->list(sys->self, directory->fd, add_name, &list);
    if (code < 0) {
        free(list.numbers);
        return slc_error_sys(ret_error, code == -ENOMEM ? SLC_ERR_NO_MEMORY : SLC_ERR_IO, -code,
                             "cannot list the data directory %s", directory->path);
    }
    if (list.count > 0) {
        qsort(list.numbers, list.count, sizeof *list.numbers, slc_segment_compare);
    }
    *ret_numbers = list.numbers;
    *ret_count = list.count;
    return SLC_OK;
}

void slc_segment_encode(slc_segment_header_t *header, uint8_t ret_block[SLC_SEGMENT_HEADER_BYTES])
{
    memset(ret_block, 0, SLC_SEGMENT_HEADER_BYTES);
    slc_store_u64(ret_block, SLC_SEGMENT_MAGIC);
    slc_store_u32(ret_block + AT_FORMAT_VERSION, SLC_FORMAT_VERSION);
    slc_store_u32(ret_block + AT_RULES_VERSION, header->rules_version);
    memcpy(ret_block + AT_DIRECTORY_ID, header->directory_id, SLC_DIRECTORY_ID_BYTES);
    slc_store_u32(ret_block + AT_NUMBER, header->number);
    slc_store_u64(ret_block + AT_SEGMENT_BYTES, header->segment_bytes);
    slc_store_u64(ret_block + AT_FIRST_SEQUENCE, header->first_sequence);
    slc_store_u64(ret_block + AT_LAST_TIME, header->last_time_us);
    slc_store_u64(ret_block + AT_CHAIN, header->chain);
    header->checksum =
        slc_hash(ret_block + SLC_CHECKED_OFFSET, SLC_SEGMENT_HEADER_BYTES - SLC_CHECKED_OFFSET);
    slc_store_u64(ret_block + SLC_CHECKSUM_OFFSET, header->checksum);
}

slc_err_t slc_segment_damaged(const slc_directory_t *directory, uint32_t number, uint64_t offset,
                              slc_error_t *ret_error, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return slc_error_set(ret_error, SLC_ERR_DAMAGED,
                         "segment %" PRIu32 ", offset %" PRIu64 ": %s; look at it with: replay verify %s",
                         number, offset, what, directory->path);
}

/* Why these bytes are no header that this program can go by; NULL: they are one. */
static const char *header_fault(const uint8_t *block, const slc_directory_t *directory, uint32_t number)
{
    uint64_t checksum =
        slc_hash(block + SLC_CHECKED_OFFSET, SLC_SEGMENT_HEADER_BYTES - SLC_CHECKED_OFFSET);
    uint64_t bytes = slc_load_u64(block + AT_SEGMENT_BYTES);
    if (slc_load_u64(block) != SLC_SEGMENT_MAGIC) {
        return "this is no journal segment: its first bytes are wrong";
    }
    /* Told before the checksum: a later version may keep its checksum elsewhere. */
    if (slc_load_u32(block + AT_FORMAT_VERSION) != SLC_FORMAT_VERSION) {
        return "format version not known here: written by a later program, or damaged";
    }
    if (checksum != slc_load_u64(block + SLC_CHECKSUM_OFFSET)) {
        return "the checksum of the segment's header is wrong";
    }
    if (slc_load_u32(block + AT_RULES_VERSION) != SLC_FORMAT_RULES_VERSION) {
        return "written under rules that this program does not know: use the later program";
    }
    if (memcmp(block + AT_DIRECTORY_ID, directory->id, SLC_DIRECTORY_ID_BYTES) != 0) {
        return "this segment belongs to another data directory";
    }
    if (slc_load_u32(block + AT_NUMBER) != number) {
        return "this segment has the name of another";
    }
    if (bytes % SLC_PAGE_BYTES != 0 || bytes < (uint64_t)2 * SLC_PAGE_BYTES ||
        bytes > SLC_SEGMENT_BYTES_LIMIT || slc_load_u64(block + AT_FIRST_SEQUENCE) == 0 ||
        slc_load_u32(block + AT_ZERO) != 0 ||
        !slc_bytes_are_zero(block + AT_ZEROS, SLC_SEGMENT_HEADER_BYTES - AT_ZEROS)) {
        return "the fields of the segment's header are out of bounds";
    }
    return NULL;
}

static slc_err_t read_header(const slc_directory_t *directory, uint32_t number, int fd,
                             slc_segment_header_t *ret_header, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    /* Aligned, because the descriptor may be one for direct writes. */
    _Alignas(SLC_PAGE_BYTES) uint8_t block[SLC_SEGMENT_HEADER_BYTES];
    int64_t size = sys->size(sys->self, fd);
    if (size < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, (int)-size, "cannot get the size of segment %" PRIu32,
                             number);
    }
    int code = slc_sys_read_all(sys, fd, block, sizeof block, 0);
    if (code == -ENODATA) {
        return slc_segment_damaged(directory, number, (uint64_t)size, ret_error,
                                   "the segment is cut off within its header");
    }
    if (code < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, -code, "cannot read the header of segment %" PRIu32,
                             number);
    }
    const char *fault = header_fault(block, directory, number);
    if (fault != NULL) {
        return slc_segment_damaged(directory, number, 0, ret_error, "%s", fault);
    }
    *ret_header = (slc_segment_header_t){
        .checksum = slc_load_u64(block + SLC_CHECKSUM_OFFSET),
        .segment_bytes = slc_load_u64(block + AT_SEGMENT_BYTES),
        .first_sequence = slc_load_u64(block + AT_FIRST_SEQUENCE),
        .last_time_us = slc_load_u64(block + AT_LAST_TIME),
        .chain = slc_load_u64(block + AT_CHAIN),
        .number = number,
        .rules_version = slc_load_u32(block + AT_RULES_VERSION),
    };
    memcpy(ret_header->directory_id, directory->id, SLC_DIRECTORY_ID_BYTES);
    if ((uint64_t)size != ret_header->segment_bytes) {
        return slc_segment_damaged(directory, number, (uint64_t)size, ret_error,
                                   "the file has %" PRId64 " bytes where its header says %" PRIu64, size,
                                   ret_header->segment_bytes);
    }
    return SLC_OK;
}

slc_err_t slc_segment_open(const slc_directory_t *directory, uint32_t number, int flags, int *ret_fd,
                           slc_segment_header_t *ret_header, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    char name[SLC_SEGMENT_NAME_BYTES];
    slc_segment_name(number, name);
    int fd = sys->open(sys->self, directory->fd, name, flags, 0);
    if (fd < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, -fd, "cannot open %s/%s", directory->path, name);
    }
    slc_err_t code = read_header(directory, number, fd, ret_header, ret_error);
    if (code != SLC_OK) {
        (void)sys->close(sys->self, fd); /* nothing was written through it */
        return code;
    }
    *ret_fd = fd;
    return SLC_OK;
}
