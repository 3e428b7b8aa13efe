/* The frame cutter: a stream that arrives in pieces gives the same frames as one that arrives whole, a
 * frame never reaches past what has arrived, and each verdict is the one of a second, slower reading.
 * Input: 2 bytes of limit, 1 byte that steers the pieces, the stream. */
#include "tally.h"
#include "wire/flat.h"

#include <string.h>

#define STREAM_BYTES_MAX 4096

/* The verdict by the book: a length of up to 5 bytes, low groups of 7 bits first. */
static slc_frame_t read_slowly(const uint8_t *bytes, size_t count, uint32_t bytes_max, size_t *ret_prefix,
                               uint64_t *ret_length)
{
    size_t more = 0; /* bytes that say that another follows */
    while (more < count && bytes[more] >= 128) {
        more++;
    }
    if (more >= 5) {
        return SLC_FRAME_BROKEN;
    }
    if (more == count) {
        return SLC_FRAME_PARTIAL;
    }
    uint64_t length = 0;
    for (size_t i = more + 1; i-- > 0;) {
        length = length * 128 + bytes[i] % 128;
    }
    *ret_prefix = more + 1;
    *ret_length = length;
    if (length > bytes_max) {
        return SLC_FRAME_TOO_LONG;
    }
    return more + 1 + length <= count ? SLC_FRAME_WHOLE : SLC_FRAME_PARTIAL;
}

typedef struct frames {
    uint64_t count;
    uint64_t body_bytes;
    slc_frame_t last;
} frames_t;

/* All frames of what has arrived, from *at on. */
static void take_frames(const uint8_t *bytes, size_t arrived, uint32_t bytes_max, size_t *at,
                        frames_t *frames)
{
    for (;;) {
        size_t prefix = 0;
        uint64_t length = 0;
        const uint8_t *body = NULL;
        uint32_t body_bytes = 0;
        size_t used = 0;
        slc_frame_t expected = read_slowly(bytes + *at, arrived - *at, bytes_max, &prefix, &length);
        frames->last = slc_frame_next(bytes + *at, arrived - *at, bytes_max, &body, &body_bytes, &used);
        FUZZ_CHECK(frames->last == expected);
        if (frames->last != SLC_FRAME_WHOLE) {
            return;
        }
        FUZZ_CHECK(body == bytes + *at + prefix);
        FUZZ_CHECK(body_bytes == length && used == prefix + length);
        FUZZ_CHECK(used <= arrived - *at);
        frames->count++;
        frames->body_bytes += body_bytes;
        *at += used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > STREAM_BYTES_MAX) {
        fuzz_tally(0);
        return 0;
    }
    uint32_t bytes_max = (uint32_t)data[0] | (uint32_t)data[1] << 8;
    size_t piece = data[2] % 32 == 0 ? 1 : data[2] % 32 * 3U;
    size_t count = size - 3;
    frames_t whole = {0};
    frames_t pieces = {0};
    size_t at_whole = 0;
    take_frames(data + 3, count, bytes_max, &at_whole, &whole);
    size_t at = 0;
    for (size_t arrived = 0; arrived <= count; arrived += arrived + piece <= count ? piece : 1) {
        /* What waits ends where the array does: a read past it is then seen. */
        static uint8_t window[STREAM_BYTES_MAX];
        size_t waiting = arrived - at;
        size_t used = 0;
        uint8_t *copy = window + sizeof window - waiting;
        memcpy(copy, data + 3 + at, waiting);
        take_frames(copy, waiting, bytes_max, &used, &pieces);
        at += used;
        if (pieces.last == SLC_FRAME_BROKEN || pieces.last == SLC_FRAME_TOO_LONG) {
            break;
        }
    }
    FUZZ_CHECK(pieces.count == whole.count && pieces.body_bytes == whole.body_bytes);
    FUZZ_CHECK(pieces.last == whole.last && at == at_whole);
    fuzz_tally(whole.count > 0);
    return 0;
}
