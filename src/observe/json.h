/* JSON of the pieces that the pages share. Threads: one a stream. Owns nothing. Failure: the stream
 * remembers that it failed (ferror, or fclose of a memory stream). */
#ifndef SLC_OBSERVE_JSON_H
#define SLC_OBSERVE_JSON_H

#include <sluice/state.h>

#include <stdint.h>
#include <stdio.h>

/* A string with its quotation marks. `text` is UTF-8; control characters leave escaped. */
void slc_json_text(FILE *out, const char *text);
/* A drop as people see it at `now_us`: an object. */
void slc_json_drop(FILE *out, const slc_drop_info_t *drop, uint64_t now_us);

#endif
