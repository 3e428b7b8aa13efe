#include "journal/writer_state.h"

#include <string.h>

/* Gives the prepared file its header, then its name, each durable before the next step: a segment that
 * can be seen under its name is whole. */
static int name_segment(slc_writer_t *writer, int fd, uint32_t number, slc_segment_header_t *ret_header)
{
    const slc_sys_t *sys = writer->directory->sys;
    char name[SLC_SEGMENT_NAME_BYTES];
    *ret_header = (slc_segment_header_t){
        .segment_bytes = writer->config.segment_bytes,
        .first_sequence = writer->sequence + 1,
        .last_time_us = writer->time_us,
        .chain = writer->chain,
        .number = number,
        .rules_version = SLC_FORMAT_RULES_VERSION,
    };
    memcpy(ret_header->directory_id, writer->directory->id, SLC_DIRECTORY_ID_BYTES);
    slc_segment_encode(ret_header, writer->page);
    /* A new segment's birth is synced whatever the durability of blocks: it is rare. */
    slc_method_t method = writer->method == SLC_METHOD_DIRECT ? SLC_METHOD_DIRECT : SLC_METHOD_FDATASYNC;
    int code = slc_method_write(sys, method, fd, writer->page, SLC_SEGMENT_HEADER_BYTES, 0);
    if (code == 0) {
        slc_segment_name(number, name);
        code = sys->rename(sys->self, writer->directory->fd, SLC_PREPARE_NAME, name);
    }
    return code == 0 ? sys->fsync(sys->self, writer->directory->fd) : code;
}

void slc_writer_go_on_in(slc_writer_t *writer, int fd, const slc_segment_header_t *header)
{
    writer->fd = fd;
    writer->segment = header->number;
    writer->segment_bytes = header->segment_bytes;
    writer->offset = SLC_SEGMENT_HEADER_BYTES;
    writer->chain = header->checksum;
    writer->sealed = false;
}

/* Closes the old segment with a ROLLED seal, so that the new one can't go missing unseen. */
static int leave_segment(slc_writer_t *writer)
{
    const slc_sys_t *sys = writer->directory->sys;
    uint64_t checksum = 0;
    int code = slc_writer_put_seal(writer, SLC_BLOCK_SEAL | SLC_BLOCK_ROLLED, 0, 0, &checksum);
    int closed = sys->close(sys->self, writer->fd);
    writer->fd = -1;
    return code == 0 ? closed : code;
}

slc_err_t slc_writer_roll(slc_writer_t *writer, slc_error_t *ret_error)
{
    const slc_sys_t *sys = writer->directory->sys;
    slc_segment_header_t header;
    slc_error_t error;
    int fd = -1;
    bool waited = false;
    slc_err_t taken = slc_preparer_take(writer->preparer, &fd, &waited, &error);
    if (taken != SLC_OK) {
        return slc_writer_poison_with(writer, &error, ret_error);
    }
    int code = name_segment(writer, fd, writer->segment + 1, &header);
    if (code == 0 && writer->fd >= 0) {
        code = leave_segment(writer);
        slc_writer_count(&writer->rolls, 1);
        slc_writer_count(&writer->roll_waits, waited);
    }
    if (code < 0) {
        (void)sys->close(sys->self, fd); /* the failure before it is the one to tell */
        return slc_writer_poison(writer, code, "going on to a new segment failed", ret_error);
    }
    slc_writer_go_on_in(writer, fd, &header);
    slc_preparer_start(writer->preparer);
    return SLC_OK;
}
