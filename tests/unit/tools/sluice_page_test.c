#include "../../../tools/sluice/page.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *g_text;
static size_t g_bytes;

static sluice_page_t page_of(int width, bool colour)
{
    return (sluice_page_t){.out = open_memstream(&g_text, &g_bytes), .width = width, .colour = colour};
}

static void expect_text(sluice_page_t *page, const char *text)
{
    cr_assert(fclose(page->out) == 0);
    cr_assert_str_eq(g_text, text);
    free(g_text);
}

Test(sluice_page, a_count_is_grouped_by_thousands)
{
    char out[SLUICE_COUNT_BYTES];
    cr_assert_str_eq(sluice_counted(0, out), "0");
    cr_assert_str_eq(sluice_counted(999, out), "999");
    cr_assert_str_eq(sluice_counted(1000, out), "1,000");
    cr_assert_str_eq(sluice_counted(1509758, out), "1,509,758");
    cr_assert_str_eq(sluice_counted(UINT64_MAX, out), "18,446,744,073,709,551,615");
}

Test(sluice_page, what_is_too_long_is_cut_at_a_character_and_not_within_one)
{
    sluice_page_t page = page_of(3, false);
    sluice_page_put(&page, SLUICE_PLAIN, "\xc3\xbc\xe2\x82\xac\xc3\xbcz");
    cr_assert_eq(page.column, 3);
    sluice_page_put(&page, SLUICE_PLAIN, "more");
    expect_text(&page, "\xc3\xbc\xe2\x82\xac\xc3\xbc");
}

Test(sluice_page, pieces_stand_beside_each_other_while_they_fit)
{
    sluice_page_t page = page_of(10, false);
    sluice_page_piece(&page, SLUICE_PLAIN, "%s", "abcd");
    sluice_page_piece(&page, SLUICE_PLAIN, "%d", 1234); /* ends in the last column */
    sluice_page_piece(&page, SLUICE_PLAIN, "x");
    sluice_page_end_line(&page);
    cr_assert_eq(page.rows, 2);
    expect_text(&page, "abcd  1234\nx\n");
}

Test(sluice_page, a_sentence_is_broken_at_its_blanks_only)
{
    sluice_page_t page = page_of(9, false);
    sluice_page_sentence(&page, "one two three");
    cr_assert_eq(page.rows, 2);
    expect_text(&page, "one two\nthree\n");
}

Test(sluice_page, a_colour_ends_where_its_text_is_cut)
{
    sluice_page_t page = page_of(2, true);
    sluice_page_put(&page, SLUICE_RED, "abc");
    expect_text(&page, "\033[31mab\033[0m");
    page = page_of(2, true);
    sluice_page_put(&page, SLUICE_PLAIN, "a");
    expect_text(&page, "a");
}
