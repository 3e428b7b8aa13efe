/* Bounds of the fields of what clients send; nothing unvalidated reaches the ring.
 * Threads: pure. Owns nothing. Failure: a reason other than NONE, whose text names the field. */
#ifndef SLC_WIRE_VALIDATE_H
#define SLC_WIRE_VALIDATE_H

#include "event/slot.h"

#include <sluice/client.h>

/* Checks a decoded Buy; quantity 0 counts as 1. */
slc_reason_t slc_validate_buy(const slc_buy_t *buy);
/* A sentence that begins with the name of the field, of at most SLC_REPLY_MESSAGE_BYTES_MAX bytes. */
const char *slc_reason_text(slc_reason_t reason);

#endif
