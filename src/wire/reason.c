#include "wire/flat.h"
#include "wire/validate.h"

#include <assert.h>

#define TEXT_FRAME "frame: it is no sluice.v1.Buy; the connection ends here"
#define TEXT_FRAME_LENGTH "frame: longer than Welcome.max_frame_bytes allows; the connection ends here"
#define TEXT_DROP_ID "drop_id: not given"
#define TEXT_USER "user: must be 1 to 64 bytes of UTF-8 without NUL"
#define TEXT_QUANTITY "quantity: must be at most 1000000"

static_assert(sizeof TEXT_FRAME_LENGTH - 1 <= SLC_REPLY_MESSAGE_BYTES_MAX, "the longest is sent whole");
static_assert(SLC_USER_BYTES_MAX == 64 && SLC_QUANTITY_MAX == 1000000, "the texts name these limits");

const char *slc_reason_text(slc_reason_t reason)
{
    switch (reason) {
    case SLC_REASON_NONE:
        return "";
    case SLC_REASON_FRAME:
        return TEXT_FRAME;
    case SLC_REASON_FRAME_LENGTH:
        return TEXT_FRAME_LENGTH;
    case SLC_REASON_DROP_ID:
        return TEXT_DROP_ID;
    case SLC_REASON_USER:
        return TEXT_USER;
    case SLC_REASON_QUANTITY:
        return TEXT_QUANTITY;
    }
    return "";
}
