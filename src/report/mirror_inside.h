/* What the files of the mirror share, and nobody else: mirror.c takes turns and reads cuts, mirror_file.c
 * opens, guards and writes the file, mirror_status.c tells how it goes. Threads, ownership and failure:
 * as mirror.h. */
#ifndef SLC_REPORT_MIRROR_INSIDE_H
#define SLC_REPORT_MIRROR_INSIDE_H

#include "report/behind.h"
#include "report/mirror.h"
#include "report/place.h"

#include <sluice/report.h>

struct slc_mirror {
    slc_mirror_config_t config;
    slc_place_t place;
    slc_report_t *report; /* NULL: not open */
    slc_behind_t behind;
    bool own;             /* this run has had the file open as its own */
    bool had_one;         /* this run has had a file, so that a missing one is a loss */
    bool forget;          /* rows ahead of what is covered have to go first */
    bool fits;            /* what it covers was compared with the state */
    bool sweeping;        /* rows of removed drops may be left */
    bool asked;           /* for a cut */
    bool unwritten;       /* the buffer, and where `whole` the drops as well, are to be written */
    bool whole;           /* with this buffer all that is aimed at is there */
    uint32_t written;     /* rows of the buffer */
    uint64_t retry_ns;    /* not before, behind a failure */
    uint64_t next_ns;     /* no cut before */
    uint64_t stopping_ns; /* when a check of the file first met a stop; 0: not yet */
    uint64_t aimed_ns;    /* when what is aimed at was true */
    slc_err_t failed;     /* of the last attempt; OK: it worked */
    pthread_mutex_t mutex;
    slc_mirror_status_t status; /* under the mutex, but for lag and state */
    uint64_t true_ns;           /* under the mutex: when the file was as the state is */
};

static inline uint64_t slc_mirror_now_ns(const slc_mirror_t *mirror)
{
    return mirror->config.monotonic_ns(mirror->config.context);
}

/* ---- mirror_status.c ---- */

/* The status, before and behind a change of it. */
void slc_mirror_lock(slc_mirror_t *mirror);
void slc_mirror_unlock(slc_mirror_t *mirror);
/* It failed: logged once, and not tried again for a second. */
void slc_mirror_note_failed(slc_mirror_t *mirror, slc_err_t code, const char *why);
/* The file has all that was true at `true_ns`. */
void slc_mirror_note_covered(slc_mirror_t *mirror, uint64_t true_ns);

/* ---- mirror_file.c ---- */

/* The file, before there is anything to do with it: opened, or looked at; true: it may be used now. */
bool slc_mirror_is_open(slc_mirror_t *mirror);
/* It is to be made anew. */
void slc_mirror_rebuild(slc_mirror_t *mirror, bool own, const char *why);
/* A transaction each: of the buffer; of the rows ahead of what is covered; of those of removed drops. */
void slc_mirror_write_some(slc_mirror_t *mirror);
void slc_mirror_forget_some(slc_mirror_t *mirror);
void slc_mirror_sweep_some(slc_mirror_t *mirror);

#endif
