/* src/wire/text.c and validate.c. */
#include "random.h"
#include "wire/flat.h"
#include "wire/text.h"
#include "wire/validate.h"

#include <criterion/criterion.h>

#include <string.h>

static bool is_valid(const void *data, size_t bytes)
{
    return slc_text_is_valid((slc_text_t){data, bytes}, 0, 64);
}

/* The definition, from the other end: text is valid if and only if it is what this writes for some code
 * point that exists and is not NUL. */
static size_t utf8_of(uint32_t point, uint8_t *out)
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xc0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

Test(text, every_code_point_that_exists_is_taken)
{
    for (uint32_t point = 1; point <= 0x10ffff; point++) {
        uint8_t text[4];
        size_t bytes = utf8_of(point, text);
        bool surrogate = point >= 0xd800 && point <= 0xdfff;
        cr_assert(is_valid(text, bytes) == !surrogate, "U+%04X", point);
    }
}

/* All strings of four bytes from those that matter; how many are valid is counted by the definition: runs
 * of whole characters. */
static bool is_valid_by_definition(const uint8_t *text, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        size_t step = 0;
        for (size_t length = 1; length <= 4 && at + length <= bytes && step == 0; length++) {
            uint32_t point = length == 1 ? text[at] : text[at] & (0x7fu >> length);
            for (size_t i = 1; i < length; i++) {
                point = point << 6 | (text[at + i] & 0x3f);
            }
            uint8_t again[4];
            bool exists = point != 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
            if (exists && utf8_of(point, again) == length && memcmp(again, text + at, length) == 0) {
                step = length;
            }
        }
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

Test(text, every_string_of_four_bytes_that_matter_is_judged_right)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                    0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
                                    0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xfe, 0xff};
    const size_t kinds = sizeof bytes;
    int valid = 0;
    for (size_t i = 0; i < kinds * kinds * kinds * kinds; i++) {
        uint8_t text[4] = {bytes[i % kinds], bytes[i / kinds % kinds], bytes[i / kinds / kinds % kinds],
                           bytes[i / kinds / kinds / kinds]};
        bool right = is_valid_by_definition(text, 4);
        valid += right;
        cr_assert(is_valid(text, 4) == right, "%02x%02x%02x%02x", text[0], text[1], text[2], text[3]);
    }
    cr_assert(valid > 81, "more than the ASCII ones");
}

Test(text, one_bad_byte_anywhere_in_text_of_any_length_is_found)
{
    static const uint8_t bad[] = {0x00, 0x80, 0xbf, 0xc0, 0xc2, 0xe2, 0xf0, 0xff};
    for (size_t bytes = 1; bytes <= 64; bytes++) {
        char *text = malloc(bytes);
        cr_assert(text != NULL);
        memset(text, 1, bytes);
        cr_assert(is_valid(text, bytes));
        memset(text, 0x7f, bytes);
        cr_assert(is_valid(text, bytes));
        for (size_t at = 0; at < bytes; at++) {
            for (size_t i = 0; i < sizeof bad; i++) {
                text[at] = (char)bad[i];
                cr_assert(!is_valid(text, bytes), "%02x at %zu of %zu", bad[i], at, bytes);
                text[at] = 'a';
            }
        }
        free(text);
    }
}

Test(text, limits_count_bytes_not_characters)
{
    slc_text_t text = {"\xc3\xa9\xc3\xa9", 4};
    cr_assert(slc_text_is_valid(text, 4, 4));
    cr_assert(!slc_text_is_valid(text, 0, 3));
    cr_assert(!slc_text_is_valid(text, 5, 64));
    cr_assert(slc_text_is_valid((slc_text_t){NULL, 0}, 0, 64));
    cr_assert(!slc_text_is_valid((slc_text_t){NULL, 0}, 1, 64));
}

Test(text, a_cut_never_splits_a_character)
{
    slc_text_t text = {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\x81z", 11};
    static const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < sizeof kept / sizeof *kept; max++) {
        cr_assert(slc_text_cut(text, max) == kept[max], "%zu", max);
    }
    cr_assert(slc_text_cut((slc_text_t){"\x80\x80\x80", 3}, 2) == 0, "even where it is no UTF-8");
}

Test(validate, a_buy_is_refused_by_the_name_of_its_field)
{
    char user[SLC_USER_BYTES_MAX + 1];
    memset(user, 'u', sizeof user);
    slc_buy_t good = {.drop_id = 1, .quantity = SLC_QUANTITY_MAX, .user = {user, SLC_USER_BYTES_MAX}};
    cr_assert(slc_validate_buy(&good) == SLC_REASON_NONE);
    slc_buy_t buy = good;
    buy.quantity = 0;
    cr_assert(slc_validate_buy(&buy) == SLC_REASON_NONE, "0 counts as 1");
    buy.quantity = SLC_QUANTITY_MAX + 1;
    cr_assert(slc_validate_buy(&buy) == SLC_REASON_QUANTITY);
    buy.quantity = UINT64_MAX;
    cr_assert(slc_validate_buy(&buy) == SLC_REASON_QUANTITY);
    buy = good;
    buy.drop_id = 0;
    cr_assert(slc_validate_buy(&buy) == SLC_REASON_DROP_ID);
    buy = good;
    buy.user.bytes = 0;
    cr_assert(slc_validate_buy(&buy) == SLC_REASON_USER);
    buy.user.bytes = SLC_USER_BYTES_MAX + 1;
    cr_assert(slc_validate_buy(&buy) == SLC_REASON_USER);
    buy.user = (slc_text_t){"a\0b", 3};
    cr_assert(slc_validate_buy(&buy) == SLC_REASON_USER);
    buy.user = (slc_text_t){"\xed\xa0\x80", 3};
    cr_assert(slc_validate_buy(&buy) == SLC_REASON_USER);
}

Test(validate, every_reason_has_a_text_that_names_its_field_and_is_sent_whole)
{
    static const char *const names[] = {[SLC_REASON_FRAME] = "frame",
                                        [SLC_REASON_FRAME_LENGTH] = "frame",
                                        [SLC_REASON_DROP_ID] = "drop_id",
                                        [SLC_REASON_USER] = "user",
                                        [SLC_REASON_QUANTITY] = "quantity"};
    cr_assert(strcmp(slc_reason_text(SLC_REASON_NONE), "") == 0);
    for (int reason = SLC_REASON_FRAME; reason <= SLC_REASON_QUANTITY; reason++) {
        const char *text = slc_reason_text((slc_reason_t)reason);
        cr_assert(strncmp(text, names[reason], strlen(names[reason])) == 0, "%s", text);
        cr_assert(strlen(text) <= SLC_REPLY_MESSAGE_BYTES_MAX);
    }
    cr_assert(strcmp(slc_reason_text((slc_reason_t)99), "") == 0);
}
