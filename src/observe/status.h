/* /status: a picture as one JSON object, which the dashboard and scripts read.
 * Threads: pure. Owns nothing. Failure: that of the stream. */
#ifndef SLC_OBSERVE_STATUS_H
#define SLC_OBSERVE_STATUS_H

#include "observe/picture.h"

#include <stdio.h>

void slc_status_write(FILE *out, const slc_picture_t *picture);

#endif
