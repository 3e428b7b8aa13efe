/* A blank segment: a file full of zeros under SLC_PREPARE_NAME, synced, which lacks nothing but its
 * header and its name. Threads: one at a time. Ownership: init/finish; the directory is the caller's, and
 * so is a descriptor that was answered. Failure: a negative errno; what was begun is removed, because it
 * holds room. */
#ifndef SLC_JOURNAL_BLANK_H
#define SLC_JOURNAL_BLANK_H

#include "journal/probe.h"

/* Called between writes, with the time that the last one took; true: stop. */
typedef bool (*slc_blank_pause_fn)(void *context, uint64_t worked_ns);

typedef struct slc_blank {
    const slc_directory_t *directory;
    slc_method_t method;
    uint64_t segment_bytes;
    uint64_t min_free_bytes; /* to be left on the disk behind it; 0: not looked at */
    uint8_t *zeros;
} slc_blank_t;

/* False: out of memory. */
bool slc_blank_init(slc_blank_t *blank, const slc_directory_t *directory, slc_method_t method,
                    const slc_writer_config_t *config);
/* Zeroed memory is fine. */
void slc_blank_finish(slc_blank_t *blank);

/* 0 and the file, open for the method's writes; -ECANCELED where `pause` stopped it. */
int slc_blank_make(const slc_blank_t *blank, slc_blank_pause_fn pause, void *context, int *ret_fd);
/* Closes it and removes it. */
void slc_blank_discard(const slc_blank_t *blank, int fd);

/* Why there is none, and what to do; `code` is what make answered. */
slc_err_t slc_blank_describe(const slc_blank_t *blank, int code, slc_error_t *ret_error);
/* Is this a want that may pass by itself (room, quota, memory, descriptors), and no failing disk? */
bool slc_blank_may_pass(int sys_errno);

#endif
