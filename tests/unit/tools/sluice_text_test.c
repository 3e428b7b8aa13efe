#include "../../../tools/sluice/text.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static void expect(void (*print)(FILE *, const char *), const char *text, const char *wanted)
{
    char *printed = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&printed, &bytes);
    cr_assert(out != NULL);
    print(out, text);
    cr_assert(fclose(out) == 0);
    cr_assert_str_eq(printed, wanted);
    free(printed);
}

Test(sluice_text, lets_no_name_steer_a_terminal)
{
    expect(sluice_text_print, "Schuhe \xc3\xbc \xe2\x82\xac \xf0\x9f\x91\x9f",
           "Schuhe \xc3\xbc \xe2\x82\xac \xf0\x9f\x91\x9f");
    expect(sluice_text_print, "a\x1b[31mb\nc\td\x7f", "a\\x1b[31mb\\x0ac\\x09d\\x7f");
    expect(sluice_text_print, "back\\slash", "back\\x5cslash");
    expect(sluice_text_print,
           "\xc2\x9b"
           "31m",
           "\\xc2\\x9b31m"); /* CSI in one character */
    expect(sluice_text_print,
           "a\xe2\x80\xae"
           "b",
           "a\\xe2\\x80\\xaeb");                                             /* right-to-left override */
    expect(sluice_text_print, "\xff\xc3(\xe2\x82", "\\xff\\xc3(\\xe2\\x82"); /* no UTF-8 */
    expect(sluice_text_print, "\xc0\xaf\xed\xa0\x80",
           "\\xc0\\xaf\\xed\\xa0\\x80"); /* overlong, surrogate */
}

Test(sluice_text, is_a_json_string_whatever_it_holds)
{
    expect(sluice_text_json, "Schuhe \xc3\xbc", "\"Schuhe \xc3\xbc\"");
    expect(sluice_text_json, "a\"b\\c\nd\x1b\x7f", "\"a\\\"b\\\\c\\u000ad\\u001b\\u007f\"");
    expect(sluice_text_json,
           "\xff"
           "a\xc3",
           "\"\\ufffda\\ufffd\"");
}
