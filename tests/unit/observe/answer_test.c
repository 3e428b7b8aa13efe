#include "observe/answer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static slc_picture_t picture_of(slc_board_t *board)
{
    return (slc_picture_t){.version = "1.2.3",
                           .commit = "abc",
                           .durability = "fsync",
                           .state = board == NULL ? SLC_ENGINE_REPLAYING : SLC_ENGINE_SERVING,
                           .reason = "replaying",
                           .board = board};
}

/* The code; what the body has to hold in `word`. */
static unsigned ask(const slc_picture_t *picture, const char *path, const char *after, const char *limit,
                    const char *word)
{
    slc_http_answer_t answer;
    slc_board_reader_register();
    slc_http_answer(picture, path, after, limit, &answer);
    slc_board_reader_unregister();
    if (word != NULL) {
        cr_assert(answer.body != NULL && strstr(answer.body, word) != NULL, "%s: %s", path, answer.body);
    }
    free(answer.body);
    return answer.code;
}

static slc_board_t *board_with(uint64_t drops)
{
    slc_board_t *board = slc_board_create();
    slc_board_reader_register();
    slc_board_reader_sleeps();
    for (uint64_t id = 1; id <= drops; id++) {
        slc_drop_info_t drop = {.drop_id = id, .stock = id, .remaining = id};
        slc_board_update(board, id, &drop);
    }
    slc_board_publish(board, drops, 0);
    slc_board_reader_unregister();
    return board;
}

Test(answer, how_many_events_the_journal_held_is_told_once_all_are_read)
{
    slc_picture_t picture = picture_of(NULL);
    picture.recovery_events = 500;
    picture.recovery_done_bytes = 10;
    picture.recovery_total_bytes = 40;
    cr_assert(ask(&picture, "/status", NULL, NULL, "\"recovery\":{\"events\":500,\"total\":null,") ==
              200);
    picture.state = SLC_ENGINE_STOPPING; /* by a signal that came while replaying */
    cr_assert(ask(&picture, "/status", NULL, NULL, "\"events\":500,\"total\":null,") == 200);
    picture.recovery_over = true;
    cr_assert(ask(&picture, "/status", NULL, NULL, "\"events\":500,\"total\":500,") == 200);
    picture.recovery_events = 0;
    cr_assert(ask(&picture, "/status", NULL, NULL, "\"events\":0,\"total\":0,") == 200);
}

Test(answer, paths_are_known_exactly)
{
    slc_board_t *board = board_with(3);
    slc_picture_t picture = picture_of(board);
    cr_assert(ask(&picture, "/livez", NULL, NULL, "ok") == 200);
    cr_assert(ask(&picture, "/readyz", NULL, NULL, "ok") == 200);
    cr_assert(ask(&picture, "/status", NULL, NULL, "\"state\":\"serving\"") == 200);
    cr_assert(ask(&picture, "/metrics", NULL, NULL, "sluice_drops 3") == 200);
    cr_assert(ask(&picture, "/", NULL, NULL, NULL) == 200);
    cr_assert(ask(&picture, "/metrics/", NULL, NULL, "not found") == 404);
    cr_assert(ask(&picture, "/../etc/passwd", NULL, NULL, "not found") == 404);
    cr_assert(ask(&picture, "", NULL, NULL, "not found") == 404);
    slc_board_destroy(board);
}

Test(answer, while_replaying_there_is_life_and_a_reason_but_no_drop)
{
    slc_picture_t picture = picture_of(NULL);
    cr_assert(ask(&picture, "/livez", NULL, NULL, "ok") == 200);
    cr_assert(ask(&picture, "/readyz", NULL, NULL, "replaying\n") == 503);
    cr_assert(ask(&picture, "/status", NULL, NULL, "\"ready\":false") == 200);
    cr_assert(ask(&picture, "/drops", NULL, NULL, "replaying") == 503);
    cr_assert(ask(&picture, "/drops/1", NULL, NULL, "replaying") == 503);
}

Test(answer, a_page_of_drops_says_whether_there_are_more)
{
    slc_board_t *board = board_with(1500);
    slc_picture_t picture = picture_of(board);
    cr_assert(ask(&picture, "/drops", NULL, NULL, "\"drop_id\":100,") == 200);
    cr_assert(ask(&picture, "/drops", "500", "1000", "\"more\":false,\"sequence\":1500") == 200);
    cr_assert(ask(&picture, "/drops", "499", "1000", "\"more\":true") == 200);
    cr_assert(ask(&picture, "/drops", "18446744073709551615", NULL, "{\"drops\":[],\"more\":false") ==
              200);
    cr_assert(ask(&picture, "/drops", "18446744073709551616", NULL, "after: ") == 400);
    cr_assert(ask(&picture, "/drops", NULL, "1001", "limit: ") == 400);
    cr_assert(ask(&picture, "/drops", NULL, "0", "limit: ") == 400);
    cr_assert(ask(&picture, "/drops", NULL, " 1", "limit: ") == 400);
    slc_board_destroy(board);
}

Test(answer, one_drop_or_404_with_a_sentence)
{
    slc_board_t *board = board_with(2);
    slc_picture_t picture = picture_of(board);
    cr_assert(ask(&picture, "/drops/2", NULL, NULL, "\"stock\":2") == 200);
    cr_assert(ask(&picture, "/drops/3", NULL, NULL, "drop 3 does not exist") == 404);
    cr_assert(ask(&picture, "/drops/0", NULL, NULL, "does not exist") == 404);
    cr_assert(ask(&picture, "/drops/2x", NULL, NULL, "no such drop") == 404);
    slc_board_destroy(board);
}
