/* src/wire/frame.c. */
#include "random.h"
#include "wire/flat.h"

#include <criterion/criterion.h>

#include <string.h>

#define LIMIT 1024u

static slc_frame_t next(const uint8_t *bytes, size_t count)
{
    const uint8_t *body;
    uint32_t body_bytes;
    size_t used;
    /* In memory of just its size, so that a sanitizer sees a read beyond it. */
    uint8_t *exact = malloc(count == 0 ? 1 : count);
    cr_assert(exact != NULL);
    memcpy(exact, bytes, count);
    slc_frame_t frame = slc_frame_next(exact, count, LIMIT, &body, &body_bytes, &used);
    if (frame == SLC_FRAME_WHOLE) {
        cr_assert(body_bytes <= LIMIT && body + body_bytes == exact + used && used <= count);
    }
    free(exact);
    return frame;
}

Test(frame, a_frame_cut_anywhere_is_partial_and_whole_at_its_last_byte)
{
    for (uint32_t length = 0; length <= LIMIT; length += 1 + length / 3) {
        uint8_t bytes[SLC_FRAME_PREFIX_BYTES_MAX + LIMIT] = {0};
        size_t whole = slc_frame_prefix(length, bytes) + length;
        for (size_t count = 0; count < whole; count++) {
            cr_assert(next(bytes, count) == SLC_FRAME_PARTIAL, "%u bytes, cut at %zu", length, count);
        }
        cr_assert(next(bytes, whole) == SLC_FRAME_WHOLE);
    }
}

Test(frame, many_frames_in_one_piece_come_one_by_one)
{
    uint8_t bytes[64];
    size_t count = 0;
    for (uint32_t length = 0; length < 8; length++) {
        count += slc_frame_prefix(length, bytes + count);
        memset(bytes + count, (int)length, length);
        count += length;
    }
    size_t at = 0;
    for (uint32_t length = 0; length < 8; length++) {
        const uint8_t *body;
        uint32_t body_bytes;
        size_t used;
        cr_assert(slc_frame_next(bytes + at, count - at, LIMIT, &body, &body_bytes, &used) ==
                  SLC_FRAME_WHOLE);
        cr_assert(body_bytes == length && (length == 0 || body[0] == length));
        at += used;
    }
    cr_assert(at == count);
}

Test(frame, a_length_over_the_limit_is_seen_from_the_prefix_alone)
{
    static const uint8_t over[] = {0x81, 0x08}; /* 1025 */
    static const uint8_t just[] = {0x80, 0x08}; /* 1024 */
    static const uint8_t two_to_31[] = {0x80, 0x80, 0x80, 0x80, 0x08};
    static const uint8_t longest[] = {0xff, 0xff, 0xff, 0xff, 0x7f}; /* 35 bits */
    cr_assert(next(over, sizeof over) == SLC_FRAME_TOO_LONG);
    cr_assert(next(just, sizeof just) == SLC_FRAME_PARTIAL);
    cr_assert(next(two_to_31, sizeof two_to_31) == SLC_FRAME_TOO_LONG);
    cr_assert(next(longest, sizeof longest) == SLC_FRAME_TOO_LONG);
}

Test(frame, a_prefix_of_more_than_five_bytes_is_broken)
{
    static const uint8_t two_to_63[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
    static const uint8_t padded[] = {0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 'x'};
    for (size_t count = 1; count < 5; count++) {
        cr_assert(next(two_to_63, count) == SLC_FRAME_PARTIAL);
    }
    cr_assert(next(two_to_63, 5) == SLC_FRAME_BROKEN, "five bytes that say there is a sixth");
    cr_assert(next(two_to_63, sizeof two_to_63) == SLC_FRAME_BROKEN);
    cr_assert(next(padded, sizeof padded) == SLC_FRAME_BROKEN);
}

Test(frame, a_prefix_may_be_longer_than_it_needs_to_be_within_five_bytes)
{
    static const uint8_t padded[] = {0x81, 0x80, 0x80, 0x80, 0x00, 'x'};
    cr_assert(next(padded, sizeof padded) == SLC_FRAME_WHOLE);
    cr_assert(next(padded, sizeof padded - 1) == SLC_FRAME_PARTIAL);
}

Test(frame, a_prefix_comes_back)
{
    random_t random = random_start();
    for (int i = 0; i < 10000; i++) {
        uint8_t prefix[SLC_FRAME_PREFIX_BYTES_MAX];
        uint32_t length = (uint32_t)random_number(&random);
        size_t bytes = slc_frame_prefix(length, prefix);
        const uint8_t *body;
        uint32_t body_bytes;
        size_t used;
        cr_assert(bytes >= 1 && bytes <= sizeof prefix);
        slc_frame_t frame = slc_frame_next(prefix, bytes, UINT32_MAX, &body, &body_bytes, &used);
        cr_assert(frame == (length == 0 ? SLC_FRAME_WHOLE : SLC_FRAME_PARTIAL));
        if (length > 0) {
            frame = slc_frame_next(prefix, bytes, length - 1, &body, &body_bytes, &used);
            cr_assert(frame == SLC_FRAME_TOO_LONG);
        }
    }
}
