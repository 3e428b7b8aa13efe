#include "../../../tools/replay/picture.h"
#include "tale.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

static char *written;
static size_t bytes;

static void finish(void)
{
    free(written);
    written = NULL;
}

TestSuite(picture, .fini = finish);

static FILE *page(void)
{
    finish();
    FILE *out = open_memstream(&written, &bytes);
    cr_assert_not_null(out);
    return out;
}

static const char *text_of(const char *text)
{
    FILE *out = page();
    picture_put_text(out, text);
    cr_assert_eq(fclose(out), 0);
    return written;
}

static const char *span_of(uint64_t us)
{
    FILE *out = page();
    picture_put_span(out, us);
    cr_assert_eq(fclose(out), 0);
    return written;
}

Test(picture, a_name_can_bring_neither_markup_nor_control_characters_into_the_page)
{
    cr_assert_str_eq(text_of("<script>&\"'"), "<bdi>&#60;script&#62;&#38;&#34;&#39;</bdi>");
    cr_assert_str_eq(text_of("a\tb\x7f"), "<bdi>a\\x09b\\x7f</bdi>");
    cr_assert_str_eq(text_of("Schuh blau"), "<bdi>Schuh blau</bdi>");
}

Test(picture, a_time_is_told_in_the_unit_that_fits)
{
    cr_assert_str_eq(span_of(999), "999 µs");
    cr_assert_str_eq(span_of(1500), "1.5 ms");
    cr_assert_str_eq(span_of(2500000), "2.50 s");
    cr_assert_str_eq(span_of(UINT64_C(900000000)), "15.0 min");
    cr_assert_str_eq(span_of(UINT64_C(36000000000)), "10.0 h");
}

Test(picture, counts_have_their_commas_where_a_thousand_ends)
{
    FILE *out = page();
    picture_put_count(out, 1002003);
    (void)fputc(' ', out);
    picture_put_count(out, 999);
    cr_assert_eq(fclose(out), 0);
    cr_assert_str_eq(written, "1,002,003 999");
}

/* Each picture is one figure, with a table for who cannot see it, also of a drop that nothing happened
 * on. */
Test(picture, each_is_a_whole_figure_with_a_table_also_of_an_empty_drop)
{
    static void (*const pictures[])(FILE *, const going_drop_t *) = {picture_arrivals, picture_left,
                                                                     picture_retries};
    going_t going = {0};
    tale_t tale;
    tale_begin(&tale, going_listener(&going));
    tale_open(&tale, 1, 2, 0);
    tale_open(&tale, 2, 5, 0);
    for (uint64_t key = 1; key < 5; key++) {
        (void)tale_buy(&tale, 1, "ada", key);
        tale.time_us += 1000;
    }
    for (uint64_t drop = 0; drop < going.count; drop++) {
        for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
            FILE *out = page();
            pictures[i](out, going.drops[drop]);
            cr_assert_eq(fclose(out), 0);
            cr_assert_eq(strncmp(written, "<figure>", 8), 0);
            cr_assert_not_null(strstr(written, "<svg "));
            cr_assert_not_null(strstr(written, "<table"));
            cr_assert_not_null(strstr(written, "</figure>"));
            cr_assert_null(strstr(written, "nan"), "%s", written);
            cr_assert_null(strstr(written, "inf"), "%s", written);
        }
    }
    tale_finish(&tale);
    going_finish(&going);
}

static bool reads(const char *contents, picture_latency_t *ret_latency)
{
    char path[] = "/tmp/sluice-latency-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, contents, strlen(contents)), (ssize_t)strlen(contents));
    cr_assert_eq(close(fd), 0);
    bool read = picture_latency_read(path, ret_latency);
    cr_assert_eq(unlink(path), 0);
    return read;
}

Test(picture, percentiles_are_read_between_headings_and_a_file_without_any_is_refused)
{
    picture_latency_t latency;
    cr_assert(reads("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
                    "       0.250 0.500000000000         10           2.00\n"
                    "       1.500 1.000000000000         20\n#[Mean = 0.5]\n",
                    &latency));
    cr_assert_eq(latency.count, 2);
    cr_assert_eq(latency.values_ms[1], 1.5);
    cr_assert_eq(latency.percentiles[0], 0.5);
    picture_latency_finish(&latency);
    cr_assert_not(reads("nothing of the kind\n-1 0.5\n1 7\n", &latency));
}
