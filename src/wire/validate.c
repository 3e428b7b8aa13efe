#include "wire/validate.h"

slc_reason_t slc_validate_buy(const slc_buy_t *buy)
{
    if (buy->drop_id == 0) {
        return SLC_REASON_DROP_ID;
    }
    if (!slc_text_is_valid(buy->user, 1, SLC_USER_BYTES_MAX)) {
        return SLC_REASON_USER;
    }
    return buy->quantity > SLC_QUANTITY_MAX ? SLC_REASON_QUANTITY : SLC_REASON_NONE;
}
