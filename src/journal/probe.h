/* How bytes are made durable here: what the file system under the data directory can do is tried once, at
 * the start, on a file of its own.
 * Threads: probe at open; slc_method_write on the thread that owns the descriptor.
 * Ownership: nothing is kept; the probe's file is removed.
 * Failure: a file system that refuses O_DIRECT is no failure but another method; one that cannot be
 *   written to is IO, with a sentence that says so. */
#ifndef SLC_JOURNAL_PROBE_H
#define SLC_JOURNAL_PROBE_H

#include "journal/writer.h"

typedef enum slc_method {
    SLC_METHOD_DIRECT,     /* O_DIRECT|O_DSYNC: one call, which reports its own errors */
    SLC_METHOD_FDATASYNC,  /* pwrite, then fdatasync */
    SLC_METHOD_PAGE_CACHE, /* pwrite: the kernel has it */
} slc_method_t;

#define SLC_METHOD_REASON_BYTES 128

/* Picks the method; `ret_reason` says why it is not the best one, empty where it is. */
slc_err_t slc_method_probe(const slc_directory_t *directory, const slc_writer_config_t *config,
                           slc_method_t *ret_method, char ret_reason[SLC_METHOD_REASON_BYTES],
                           slc_error_t *ret_error);

const char *slc_method_name(slc_method_t method);
/* What a segment is opened with, beside O_RDWR. */
int slc_method_flags(slc_method_t method);

/* Writes whole pages from page-aligned memory and makes them as durable as the method says: 0 or a
 * negative errno, behind which nothing may be believed about what the file holds. */
int slc_method_write(const slc_sys_t *sys, slc_method_t method, int fd, const uint8_t *pages,
                     size_t bytes, uint64_t offset);

#endif
