#include "../../../tools/replay/text.h"

#include <criterion/criterion.h>
#include <string.h>

static void assert_quoted(const char *text, const char *wanted)
{
    char quoted[400];
    replay_quote(replay_text(text), quoted, sizeof quoted);
    cr_assert(strcmp(quoted, wanted) == 0, "%s instead of %s", quoted, wanted);

    char *stream_bytes = NULL;
    size_t stream_count = 0;
    FILE *stream = open_memstream(&stream_bytes, &stream_count);
    replay_put_quoted(stream, replay_text(text));
    (void)fclose(stream);
    cr_assert(strcmp(stream_bytes, wanted) == 0, "%s instead of %s", stream_bytes, wanted);
    free(stream_bytes);
}

Test(text, plain_text_stays_as_it_is)
{
    assert_quoted("", "\"\"");
    assert_quoted("ann", "\"ann\"");
    assert_quoted("M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x8e\x81",
                  "\"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x8e\x81\"");
}

Test(text, quotes_and_backslashes_are_escaped)
{
    assert_quoted("a\"b\\c", "\"a\\\"b\\\\c\"");
}

Test(text, control_characters_never_reach_a_terminal)
{
    assert_quoted("\n\t\x1b[2J\x01\x1f", "\"\\u000a\\u0009\\u001b[2J\\u0001\\u001f\"");
    assert_quoted("\x7f", "\"\\u007f\"");
    assert_quoted("\xc2\x9b", "\"\\u009b\""); /* CSI as one character */
}

Test(text, marks_of_writing_direction_and_invisible_characters_are_shown)
{
    assert_quoted("\xe2\x80\xae", "\"\\u202e\"");
    assert_quoted("\xe2\x81\xa6", "\"\\u2066\"");
    assert_quoted("\xe2\x80\xa8", "\"\\u2028\"");
    assert_quoted("\xef\xbb\xbf", "\"\\ufeff\"");
}

Test(text, what_is_no_utf_8_becomes_a_replacement)
{
    assert_quoted("a\xff"
                  "b",
                  "\"a\\ufffdb\"");
    assert_quoted("\xc0\x80", "\"\\ufffd\\ufffd\"");            /* overlong */
    assert_quoted("\xe2\x82", "\"\\ufffd\\ufffd\"");            /* cut */
    assert_quoted("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""); /* a surrogate */
    assert_quoted("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

Test(text, a_long_text_is_cut_and_still_closed)
{
    char quoted[8];
    replay_quote(replay_text("abcdefghij"), quoted, sizeof quoted);
    cr_assert(strcmp(quoted, "\"abcde\"") == 0);
    replay_quote(replay_text("abc\n"), quoted, sizeof quoted);
    cr_assert(strcmp(quoted, "\"abc\"") == 0);
}

Test(text, times_are_utc_with_microseconds)
{
    char time[REPLAY_TIME_BYTES];
    cr_assert(strcmp(replay_time(0, time), "-") == 0);
    cr_assert(strcmp(replay_time(1700000000123456, time), "2023-11-14T22:13:20.123456Z") == 0);
    cr_assert(strlen(replay_time(UINT64_MAX, time)) < REPLAY_TIME_BYTES);
}

Test(text, numbers_are_digits_only)
{
    uint64_t number = 0;
    cr_assert(replay_parse_number(replay_text("18446744073709551615"), &number) && number == UINT64_MAX);
    cr_assert(!replay_parse_number(replay_text("18446744073709551616"), &number));
    cr_assert(!replay_parse_number(replay_text(""), &number));
    cr_assert(!replay_parse_number(replay_text("-1"), &number));
    cr_assert(!replay_parse_number(replay_text(" 1"), &number));
    cr_assert(!replay_parse_number(replay_text("1x"), &number));
}

Test(text, keys_are_sixteen_hex_digits)
{
    uint64_t number = 0;
    cr_assert(replay_parse_hex(replay_text("00000000000000aF"), &number) && number == 0xaf);
    cr_assert(!replay_parse_hex(replay_text("af"), &number));
    cr_assert(!replay_parse_hex(replay_text("00000000000000ag"), &number));
    cr_assert(!replay_parse_hex(replay_text("00000000000000a\0"), &number));
}
