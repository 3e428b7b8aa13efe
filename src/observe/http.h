/* HTTP beside the engine, read-only: /metrics, /livez, /readyz, /status, /drops, /drops/ID, and the page.
 * It looks on: what it shows are counters and the board, so whoever asks slowly, often or never to the
 * end holds up other askers at the worst, never a BUY.
 *
 * Threads: start and stop by one; one thread inside, which calls `take_picture`.
 * Ownership: start takes over `fd`, also where it fails; stop closes all.
 * Failure: start answers IO. A bad request is answered with 4xx; a peer that says or takes nothing for
 *   some seconds is dropped, and connections beyond SLC_HTTP_CONNECTIONS wait. */
#ifndef SLC_OBSERVE_HTTP_H
#define SLC_OBSERVE_HTTP_H

#include "observe/picture.h"

#define SLC_HTTP_CONNECTIONS 64u
#define SLC_HTTP_TIMEOUT_S 5u

typedef struct slc_http slc_http_t;

typedef struct slc_http_config {
    int fd; /* listening, non-blocking */
    void (*take_picture)(void *context, slc_picture_t *ret_picture);
    void *context;
} slc_http_config_t;

slc_err_t slc_http_start(const slc_http_config_t *config, slc_http_t **ret_http, slc_error_t *ret_error);
/* NULL is fine. Ends requests that are under way. */
void slc_http_stop(slc_http_t *http);

#endif
