/* What buyers meet at a drop at a moment.
 * Pure. Owns nothing. Cannot fail. */
#ifndef SLC_TOOLS_SLUICE_PHASE_H
#define SLC_TOOLS_SLUICE_PHASE_H

#include <sluice/client.h>

typedef enum sluice_state {
    SLUICE_PHASE_OPEN, /* in this order they are shown */
    SLUICE_PHASE_LATER,
    SLUICE_PHASE_SOLD_OUT,
    SLUICE_PHASE_CLOSED,
} sluice_phase_t;

/* `now_us` by the clock of this machine. */
sluice_phase_t sluice_phase_of(const slc_drop_info_t *drop, uint64_t now_us);
/* For people; static text of at most 11 characters. */
const char *sluice_phase_name(sluice_phase_t state);

#endif
