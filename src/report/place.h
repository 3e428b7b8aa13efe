/* Where a live report lies: is the file there still, and has anybody else written to it? And taking a
 * file away that is to be made anew. Looks at names only: a descriptor of ours, closed, would drop the
 * locks that SQLite holds. Threads: one. Ownership: plain memory. Failure: IO with the errno. */
#ifndef SLC_REPORT_PLACE_H
#define SLC_REPORT_PLACE_H

#include <sluice/status.h>

#include <stdbool.h>
#include <sys/stat.h>

typedef struct slc_place {
    char path[4000];
    struct stat noted;
} slc_place_t;

typedef enum slc_place_look {
    SLC_PLACE_SAME,
    SLC_PLACE_TOUCHED, /* written to since it was noted */
    SLC_PLACE_GONE,    /* the file, or the log beside it, is not there or is another one */
} slc_place_look_t;

/* Is there a file with something in it? IO also where it is no regular file. */
slc_err_t slc_place_exists(const slc_place_t *place, bool *ret_exists, slc_error_t *ret_error);
/* The file as it is now is as we left it. */
slc_err_t slc_place_note(slc_place_t *place, slc_error_t *ret_error);
slc_place_look_t slc_place_look(const slc_place_t *place);
/* Takes the file away, with what lies beside it: `own` removes it, otherwise it becomes FILE.aside, in
 * place of an earlier one. None being there is fine. */
slc_err_t slc_place_clear(const slc_place_t *place, bool own, slc_error_t *ret_error);

#endif
