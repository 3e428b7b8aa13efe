/* What is answered to a path, without the network: status, type and body.
 * Threads: one a call; a registered and awake reader of the picture's board.
 * Ownership: the body is the caller's to free, unless it is the page. Failure: without memory 500. */
#ifndef SLC_OBSERVE_ANSWER_H
#define SLC_OBSERVE_ANSWER_H

#include "observe/picture.h"

#include <stdbool.h>
#include <stddef.h>

#define SLC_DROPS_LIMIT 100u
#define SLC_DROPS_LIMIT_MAX 1000u

typedef struct slc_http_answer {
    unsigned code;
    const char *type; /* of the content */
    char *body;
    size_t bytes;
    bool is_page; /* the body is slc_page */
} slc_http_answer_t;

/* `after` and `limit` as they stand in the question, NULL: they do not. */
void slc_http_answer(const slc_picture_t *picture, const char *path, const char *after, const char *limit,
                     slc_http_answer_t *ret_answer);

#endif
