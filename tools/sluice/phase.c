#include "phase.h"

sluice_phase_t sluice_phase_of(const slc_drop_info_t *drop, uint64_t now_us)
{
    if (drop->closed || (drop->closes_at_us != 0 && drop->closes_at_us <= now_us)) {
        return SLUICE_PHASE_CLOSED;
    }
    if (drop->opens_at_us > now_us) {
        return SLUICE_PHASE_LATER;
    }
    return drop->remaining == 0 ? SLUICE_PHASE_SOLD_OUT : SLUICE_PHASE_OPEN;
}

const char *sluice_phase_name(sluice_phase_t state)
{
    switch (state) {
    case SLUICE_PHASE_OPEN:
        return "open";
    case SLUICE_PHASE_LATER:
        return "opens later";
    case SLUICE_PHASE_SOLD_OUT:
        return "sold out";
    case SLUICE_PHASE_CLOSED:
        break;
    }
    return "closed";
}
