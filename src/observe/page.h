/* The dashboard, as dashboard.html was when this was built (embed.py writes the source of it).
 * Threads: constants. Ownership: static. Failure: none. */
#ifndef SLC_OBSERVE_PAGE_H
#define SLC_OBSERVE_PAGE_H

#include <stddef.h>

extern const unsigned char slc_page[];
extern const size_t slc_page_bytes;
/* Of its Content-Security-Policy: nothing but the scripts that stand in it, and answers of this server.
 */
extern const char slc_page_policy[];

#endif
