/* /metrics: a picture in Prometheus' text format (version 0.0.4), by its naming rules: base units,
 * _total on counters. Threads: pure; a reader of the picture's board, registered and awake. Owns nothing.
 * Failure: that of the stream; without memory for the drops their series are left out. */
#ifndef SLC_OBSERVE_METRICS_H
#define SLC_OBSERVE_METRICS_H

#include "observe/picture.h"

#include <stdio.h>

/* Drops with series of their own: those that are not closed, the lowest numbers first. */
#define SLC_METRICS_DROPS 100u

void slc_metrics_write(FILE *out, const slc_picture_t *picture);

#endif
