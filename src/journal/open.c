#include "journal/writer_state.h"

#include "base/check.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static slc_err_t check_config(const slc_writer_config_t *config, slc_error_t *ret_error)
{
    uint32_t block = config->block_bytes_max;
    if (block % SLC_PAGE_BYTES != 0 || block < SLC_BLOCK_BYTES_MIN || block > SLC_BLOCK_BYTES_LIMIT) {
        return slc_error_set(ret_error, SLC_ERR_CONFIG,
                             "a journal block of at most %" PRIu32
                             " bytes: not a multiple of %u from %u to %u",
                             block, SLC_PAGE_BYTES, SLC_BLOCK_BYTES_MIN, SLC_BLOCK_BYTES_LIMIT);
    }
    uint64_t least = SLC_SEGMENT_HEADER_BYTES + (uint64_t)2 * block;
    if (config->segment_bytes % SLC_PAGE_BYTES != 0 || config->segment_bytes < least ||
        config->segment_bytes > SLC_SEGMENT_BYTES_LIMIT) {
        return slc_error_set(ret_error, SLC_ERR_CONFIG,
                             "a journal segment of %" PRIu64 " bytes: not a multiple of %u from %" PRIu64
                             " (2 full blocks) to %" PRIu64,
                             config->segment_bytes, SLC_PAGE_BYTES, least, SLC_SEGMENT_BYTES_LIMIT);
    }
    return SLC_OK;
}

static slc_err_t remove_leftovers(const slc_directory_t *directory, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    static const char *const names[] = {SLC_PREPARE_NAME, SLC_PROBE_NAME};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int code = sys->unlink(sys->self, directory->fd, names[i]);
        if (code < 0 && code != -ENOENT) {
            return slc_error_sys(ret_error, SLC_ERR_IO, -code, "cannot remove the leftover %s/%s",
                                 directory->path, names[i]);
        }
    }
    return SLC_OK;
}

static slc_err_t reopen_segment(slc_writer_t *writer, const slc_journal_end_t *end,
                                slc_error_t *ret_error)
{
    slc_segment_header_t header;
    int fd = -1;
    slc_err_t code = slc_segment_open(writer->directory, end->segment,
                                      O_RDWR | slc_method_flags(writer->method), &fd, &header, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    slc_writer_go_on_in(writer, fd, &header);
    SLC_CHECK(end->offset % SLC_PAGE_BYTES == 0 && end->offset <= header.segment_bytes);
    writer->offset = end->offset;
    writer->chain = end->chain;
    writer->sealed = end->sealed;
    slc_preparer_start(writer->preparer);
    return SLC_OK;
}

static slc_err_t start(slc_writer_t *writer, const slc_journal_end_t *end, slc_error_t *ret_error)
{
    slc_directory_t *directory = writer->directory;
    slc_err_t code = remove_leftovers(directory, ret_error);
    if (code == SLC_OK) {
        code = slc_method_probe(directory, &writer->config, &writer->method, writer->method_reason,
                                ret_error);
    }
    if (code == SLC_OK) {
        code =
            slc_preparer_create(directory, writer->method, &writer->config, &writer->preparer, ret_error);
    }
    if (code != SLC_OK) {
        return code;
    }
    writer->sequence = end->sequence;
    writer->time_us = end->time_us;
    if (end->segment != 0) {
        code = reopen_segment(writer, end, ret_error);
    } else {
        slc_preparer_start(writer->preparer);
        code = slc_writer_roll(writer, ret_error);
    }
    return code == SLC_OK ? slc_directory_mark_begun(directory, ret_error) : code;
}

slc_err_t slc_writer_open(slc_directory_t *directory, const slc_writer_config_t *config,
                          const slc_journal_end_t *end, slc_writer_t **ret_writer, slc_error_t *ret_error)
{
    SLC_CHECK(directory->lock_fd >= 0);
    slc_err_t code = check_config(config, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    slc_writer_t *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for the journal");
    }
    writer->fd = -1;
    writer->directory = directory;
    writer->config = *config;
    writer->used_max = config->block_bytes_max;
    writer->block = aligned_alloc(SLC_PAGE_BYTES, config->block_bytes_max);
    writer->page = aligned_alloc(SLC_PAGE_BYTES, SLC_PAGE_BYTES);
    if (writer->block == NULL || writer->page == NULL) {
        code = slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for a journal block");
    } else {
        memset(writer->block, 0, config->block_bytes_max); /* touched now, not under load */
        code = start(writer, end, ret_error);
    }
    if (code != SLC_OK) {
        slc_writer_close(writer);
        return code;
    }
    *ret_writer = writer;
    return SLC_OK;
}

void slc_writer_close(slc_writer_t *writer)
{
    if (writer == NULL) {
        return;
    }
    const slc_sys_t *sys = writer->directory->sys;
    slc_preparer_destroy(writer->preparer);
    if (writer->fd >= 0) {
        (void)sys->close(sys->self, writer->fd); /* all that was acknowledged is durable already */
    }
    free(writer->block);
    free(writer->page);
    free(writer);
}
