#include "../../../perf/load/chart.h"
#include "../../../perf/load/page.h"

#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static size_t bytes;
static FILE *out;

static void start(void)
{
    out = open_memstream(&text, &bytes);
    cr_assert(out != NULL);
}

static void stop(void)
{
    free(text);
}

TestSuite(load_chart, .init = start, .fini = stop);
TestSuite(load_page, .init = start, .fini = stop);

/* What was written. */
static const char *written(void)
{
    cr_assert(fclose(out) == 0);
    return text;
}

static size_t count_of(const char *needle)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, needle)) != NULL; at++) {
        count++;
    }
    return count;
}

Test(load_chart, steps_of_an_axis_are_1_2_or_5_times_a_power_of_ten)
{
    const double cases[][2] = {{1, 1},    {1.1, 2},   {2, 2},        {2.1, 5},     {5, 5},
                               {5.1, 10}, {0.3, 0.5}, {9000, 10000}, {0.05, 0.05}, {1e6, 1e6}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double step = load_chart_step(cases[i][0]);
        cr_assert(fabs(step - cases[i][1]) < 1e-9 * cases[i][1], "%g: %g", cases[i][0], step);
    }
    cr_assert(fclose(out) == 0);
}

Test(load_chart, numbers_of_an_axis_are_short)
{
    char short_one[32];
    cr_assert_str_eq(load_chart_number(0, short_one), "0");
    cr_assert_str_eq(load_chart_number(950, short_one), "950");
    cr_assert_str_eq(load_chart_number(1500, short_one), "1.5k");
    cr_assert_str_eq(load_chart_number(2000000, short_one), "2M");
    cr_assert(fclose(out) == 0);
}

Test(load_chart, what_html_means_otherwise_is_escaped)
{
    load_chart_put_text("<b a=\"1\">&\n", out);
    cr_assert_str_eq(written(), "&lt;b a=&quot;1&quot;&gt;&amp; ");
}

Test(load_chart, the_ends_of_a_curve_lie_in_the_corners_of_its_axes)
{
    const load_chart_point_t points[] = {{0, 10}, {5, 1000}};
    load_chart_curve_t curve = {.name = "it", .points = points, .count = 2};
    load_chart_t chart = {
        .title = "t", .x_name = "x", .y_name = "y", .curves = &curve, .curve_count = 1, .y_log = true};
    load_chart_write(&chart, out);
    cr_assert(strstr(written(), "points=\"64.0,256.0 624.0,14.0\"") != NULL, "%s", text);
    cr_assert(count_of(">10</text>") == 1 && count_of(">100</text>") == 1 && count_of(">1k</text>") == 1);
}

Test(load_chart, of_one_point_or_none_is_drawn_all_the_same)
{
    const load_chart_point_t points[] = {{3, 0}};
    load_chart_curve_t curve = {.name = "it", .points = points, .count = 1};
    load_chart_t chart = {.title = "t", .x_name = "x", .y_name = "y", .curves = &curve, .curve_count = 1};
    load_chart_write(&chart, out);
    curve.count = 0;
    load_chart_write(&chart, out);
    cr_assert(strstr(written(), "nan") == NULL && strstr(text, "inf") == NULL, "%s", text);
    cr_assert(count_of("<svg") == 1 && count_of("Nothing was answered") == 1);
}

/* ---- the page ---- */

static load_workload_t workload;
static load_tally_t tally;
static load_step_t steps[2];
static load_series_t series;
static load_crowd_t crowd;
static load_check_t checks[2];
static const load_conditions_t CONDITIONS = {.machine = "A <machine>",
                                             .kernel = "Linux 6",
                                             .cores = 2,
                                             .load_before = 1.5,
                                             .flags = "--open 4:100"};

/* A sweep of two rates over a drop of 100 units, of which 60 were bought. */
static load_result_t a_sweep(void)
{
    workload.drop_count = 1;
    workload.drops[0] = (load_drop_t){.drop_id = 4, .opened = true, .stock = 100};
    workload.quantity = 1;
    cr_assert(load_tally_init(&tally, 1));
    load_series_begin(&series, 1, 1);
    for (uint64_t i = 0; i < 60; i++) {
        slc_buy_reply_t reply = {.status = SLC_STATUS_ACCEPTED, .order_id = i + 1};
        load_tally_answer(&tally, 0, &reply, 1000 * (i + 1));
        load_histogram_record(&steps[i % 2].latency_ns, 1000 * (i + 1));
    }
    load_series_close(&series, &tally, 1, LOAD_SLICE_NS + 2);
    for (int i = 0; i < 2; i++) {
        steps[i].rate = 100 * (i + 1);
        steps[i].answered = steps[i].requests = 30;
        steps[i].seconds = 0.5;
        steps[i].begun_ns = 1;
    }
    checks[0] = (load_check_t){.name = "a_check", .ok = true, .detail = "1 < 2"};
    checks[1] = (load_check_t){.name = "b_check", .drop_id = 4, .ok = false};
    return (load_result_t){.workload = &workload,
                           .tally = &tally,
                           .checks = checks,
                           .check_count = 2,
                           .steps = steps,
                           .step_count = 2,
                           .series = &series,
                           .crowd = &crowd,
                           .seconds = 1};
}

Test(load_page, holds_a_picture_and_a_table_of_each_kind)
{
    load_result_t result = a_sweep();
    load_page_write(&result, &CONDITIONS, out);
    (void)written();
    cr_assert(count_of("<svg") == 5 && count_of("</svg>") == 5 && count_of("<figure>") == 5);
    cr_assert(count_of("<table") == 6, "%zu", count_of("<table"));
    cr_assert(strstr(text, "<tr><td>100</td><td>60</td>") != NULL); /* 30 answers in half a second */
    cr_assert(strstr(text, "<tr><td>0.0</td><td>40</td></tr>") !=
              NULL); /* the stock behind the only slice */
    cr_assert(strstr(text, "<tr><td>0.0</td><td>600</td><td>600</td></tr>") != NULL);
    cr_assert(strstr(text, "nan") == NULL && strstr(text, "src=") == NULL &&
              strstr(text, "href") == NULL);
}

Test(load_page, says_that_a_check_failed_and_under_what_conditions)
{
    load_result_t result = a_sweep();
    result.failure = "it <broke>";
    load_page_write(&result, &CONDITIONS, out);
    (void)written();
    cr_assert(strstr(text, "A check failed") != NULL && strstr(text, "it &lt;broke&gt;") != NULL);
    cr_assert(strstr(text, "A &lt;machine&gt;") != NULL && strstr(text, "--open 4:100") != NULL);
    cr_assert(strstr(text, "1.50 before") != NULL && strstr(text, "1 &lt; 2") != NULL);
    cr_assert(count_of(">PASS<") == 1 && count_of(">FAIL<") == 1);
    result.ok = true;
}

Test(load_page, that_cannot_be_written_is_no_page)
{
    load_result_t result = a_sweep();
    cr_assert(!load_page_save(&result, &CONDITIONS, "/dev/full"));
    cr_assert(!load_page_save(&result, &CONDITIONS, "/nowhere/page.html"));
    cr_assert(fclose(out) == 0);
}
