/* The drops of a frame: a row each with what is left, as a number and as a bar, and how fast it goes.
 * Pure. Ownership: the caller's. Cannot fail; main looks at stdout. */
#ifndef SLC_TOOLS_SLUICE_FRAME_DROPS_H
#define SLC_TOOLS_SLUICE_FRAME_DROPS_H

#include "frame.h"
#include "page.h"

/* Orders of the drop since that look; all of them where it is newer. */
uint64_t sluice_drop_orders_since(const slc_drop_info_t *drop, const sluice_look_t *before);
/* Above 0 for looks one behind the other. */
double sluice_look_seconds_between(const sluice_look_t *now, const sluice_look_t *before);

/* What can still be bought first; at most so many rows that the page has `height` (0: all), with a line
 * that says how many are left out. `before`: the look that rates are taken from, NULL for none. */
void sluice_frame_write_drops(sluice_page_t *page, const sluice_look_t *look, const sluice_look_t *before,
                              int height);

#endif
