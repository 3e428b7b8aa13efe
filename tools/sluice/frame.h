/* One frame of sluice watch as text: what was seen at one look, and at what rate it changed since the
 * look before. Pure. Ownership: the caller's. Cannot fail; main looks at stdout. */
#ifndef SLC_TOOLS_SLUICE_FRAME_H
#define SLC_TOOLS_SLUICE_FRAME_H

#include <sluice/client.h>

#include <stdio.h>

typedef struct sluice_look {
    bool good;        /* false: nothing but `at_ns` and `error` */
    uint64_t at_ns;   /* CLOCK_MONOTONIC */
    uint64_t time_us; /* since 1970 */
    slc_engine_info_t engine;
    slc_drop_info_t *drops; /* in order of drop_id */
    size_t count;           /* of them; engine.drops says how many there are */
    const char *error;
} sluice_look_t;

typedef struct sluice_style {
    int width;  /* columns; at least 20 are used */
    int height; /* rows; 0: as many as it takes */
    bool colour;
} sluice_style_t;

/* Changes a second between two looks. */
typedef struct sluice_rates {
    bool known; /* false: no look before, or the server was started again in between */
    double orders;
    double events;
    double refusals;
} sluice_rates_t;

/* `before` is the last good look, or NULL. */
sluice_rates_t sluice_frame_rates(const sluice_look_t *now, const sluice_look_t *before);

/* A frame of whole lines. Of a look that is not good the last good one is shown, with the error. */
void sluice_frame_write(const sluice_look_t *now, const sluice_look_t *before,
                        const sluice_style_t *style, FILE *out);

#endif
