/* UTF-8 text without NUL. slc_text_is_valid stands in sluice/journal.h.
 * Threads: pure. Owns nothing. Failure: none; any bytes may be asked about. */
#ifndef SLC_WIRE_TEXT_H
#define SLC_WIRE_TEXT_H

#include <sluice/journal.h>

/* How many bytes of `text` to keep so that at most `bytes_max` are, cut in front of a character. */
size_t slc_text_cut(slc_text_t text, size_t bytes_max);

#endif
