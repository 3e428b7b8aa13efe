#include "observe/metrics.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *text_of(const slc_picture_t *picture)
{
    char *body = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&body, &bytes);
    slc_board_reader_register();
    slc_metrics_write(out, picture);
    slc_board_reader_unregister();
    cr_assert(fclose(out) == 0);
    return body;
}

static slc_picture_t picture_of(slc_board_t *board)
{
    return (slc_picture_t){.version = "1.2.3",
                           .commit = "abc",
                           .durability = "fsync",
                           .journal_method = "direct",
                           .state = SLC_ENGINE_SERVING,
                           .board = board};
}

static void expect_line(const char *text, const char *line)
{
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted, "\n%s\n", line);
    cr_assert(strstr(text, wanted) != NULL, "%s is missing in:\n%s", line, text);
}

Test(metrics, buckets_are_cumulative_and_in_seconds)
{
    slc_board_t *board = slc_board_create();
    slc_picture_t picture = picture_of(board);
    picture.request_ns.counts[0] = 3;                   /* up to 10 us */
    picture.request_ns.counts[2] = 2;                   /* up to 20 us */
    picture.request_ns.counts[slc_bounds_ns.count] = 1; /* beyond 10 s */
    picture.request_ns.sum = UINT64_C(12500000000);
    char *text = text_of(&picture);
    expect_line(text, "sluice_request_duration_seconds_bucket{le=\"1e-05\"} 3");
    expect_line(text, "sluice_request_duration_seconds_bucket{le=\"1.5e-05\"} 3");
    expect_line(text, "sluice_request_duration_seconds_bucket{le=\"2e-05\"} 5");
    expect_line(text, "sluice_request_duration_seconds_bucket{le=\"10\"} 5");
    expect_line(text, "sluice_request_duration_seconds_bucket{le=\"+Inf\"} 6");
    expect_line(text, "sluice_request_duration_seconds_sum 12.5");
    expect_line(text, "sluice_request_duration_seconds_count 6");
    free(text);
    slc_board_destroy(board);
}

Test(metrics, each_family_has_help_and_type_in_front_of_it_and_stands_together)
{
    slc_board_t *board = slc_board_create();
    slc_picture_t picture = picture_of(board);
    picture.mirror_enabled = true;
    picture.snapshot_sequence = 1;
    char *text = text_of(&picture);
    char family[128] = "";
    char *rest = NULL;
    int families = 0;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char name[128];
        if (sscanf(line, "# HELP %127s", name) == 1) {
            (void)snprintf(family, sizeof family, "%s", name);
            families++;
        } else if (sscanf(line, "# TYPE %127s", name) == 1) {
            cr_assert_str_eq(name, family);
        } else {
            cr_assert(strncmp(line, family, strlen(family)) == 0, "%s behind the head of %s", line,
                      family);
        }
    }
    cr_assert(families > 30);
    free(text);
    slc_board_destroy(board);
}

Test(metrics, depth_is_what_waits_for_each_station)
{
    slc_board_t *board = slc_board_create();
    slc_picture_t picture = picture_of(board);
    picture.published = 100;
    picture.durable = 70;
    picture.decided = 50;
    picture.replied = 49;
    char *text = text_of(&picture);
    expect_line(text, "sluice_ring_depth{stage=\"journal\"} 30");
    expect_line(text, "sluice_ring_depth{stage=\"apply\"} 20");
    expect_line(text, "sluice_ring_depth{stage=\"reply\"} 1");
    free(text);
    slc_board_destroy(board);
}

Test(metrics, what_is_not_there_is_left_out_and_no_zero)
{
    slc_board_t *board = slc_board_create();
    slc_picture_t picture = picture_of(board);
    char *text = text_of(&picture);
    cr_assert(strstr(text, "sluice_snapshot_age_seconds") == NULL);
    cr_assert(strstr(text, "sluice_mirror_lag_seconds") == NULL);
    free(text);
    picture.board = NULL;
    picture.state = SLC_ENGINE_REPLAYING;
    text = text_of(&picture);
    expect_line(text, "sluice_replaying 1");
    expect_line(text, "sluice_ready 0");
    cr_assert(strstr(text, "sluice_requests_total") == NULL);
    free(text);
    slc_board_destroy(board);
}

Test(metrics, a_clock_that_was_set_back_makes_no_age_below_zero)
{
    slc_board_t *board = slc_board_create();
    slc_picture_t picture = picture_of(board);
    picture.snapshot_sequence = 1;
    picture.snapshot_us = 2000000;
    picture.now_us = 1000000;
    char *text = text_of(&picture);
    expect_line(text, "sluice_snapshot_age_seconds 0");
    free(text);
    slc_board_destroy(board);
}
