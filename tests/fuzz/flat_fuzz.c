/* The hand-written decoders against protobuf-c, see against_protobuf.h for what they may differ in; and
 * the seam behind them: every Buy that passes the bounds makes an event that the journal reads back.
 * Input: 1 byte that picks the message, the message. */
#include "against_protobuf.h"
#include "tally.h"
#include "wire/flat.h"
#include "wire/validate.h"

#include <string.h>

static bool check_buy(const uint8_t *bytes, size_t count)
{
    slc_buy_t buy;
    if (!slc_agree_on_buy(bytes, count) || !slc_flat_decode_buy(bytes, count, &buy)) {
        return false;
    }
    FUZZ_CHECK(buy.user.bytes <= count);
    slc_reason_t reason = slc_validate_buy(&buy);
    FUZZ_CHECK((slc_reason_text(reason)[0] == '\0') == (reason == SLC_REASON_NONE));
    if (reason != SLC_REASON_NONE) {
        return true;
    }
    uint8_t journaled[SLC_EVENT_BYTES_MAX];
    uint64_t quantity = buy.quantity == 0 ? 1 : buy.quantity;
    size_t bytes_in =
        slc_flat_encode_order_placed(buy.drop_id, buy.user, quantity, buy.order_key, journaled);
    FUZZ_CHECK(bytes_in <= sizeof journaled && slc_agree_on_event(journaled, bytes_in));
    uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
    size_t frame_bytes = slc_flat_encode_buy(&buy, frame);
    FUZZ_CHECK(frame_bytes <= sizeof frame && slc_agree_on_buy(frame + 1, frame_bytes - 1));
    return true;
}

static bool check_reply(const uint8_t *bytes, size_t count)
{
    slc_buy_reply_t reply;
    if (!slc_agree_on_reply(bytes, count) || !slc_flat_decode_reply(bytes, count, &reply)) {
        return false;
    }
    uint8_t frame[SLC_REPLY_FRAME_BYTES_MAX];
    const uint8_t *body = NULL;
    uint32_t body_bytes = 0;
    size_t used = 0;
    size_t frame_bytes = slc_flat_encode_reply(&reply, frame);
    FUZZ_CHECK(frame_bytes <= sizeof frame);
    FUZZ_CHECK(slc_frame_next(frame, frame_bytes, sizeof frame, &body, &body_bytes, &used) ==
               SLC_FRAME_WHOLE);
    FUZZ_CHECK(used == frame_bytes && slc_agree_on_reply(body, body_bytes));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool taken = false;
    if (size > 0) {
        switch (data[0] % 4) {
        case 0:
            taken = check_buy(data + 1, size - 1);
            break;
        case 1:
            taken = check_reply(data + 1, size - 1);
            break;
        case 2:
            taken = slc_agree_on_event(data + 1, size - 1);
            break;
        default:
            taken = slc_agree_on_batch(data + 1, size - 1);
            break;
        }
    }
    fuzz_tally(taken);
    return 0;
}
