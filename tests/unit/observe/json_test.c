#include "observe/json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect_text(const char *text, const char *json)
{
    char *body = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&body, &bytes);
    slc_json_text(out, text);
    cr_assert(fclose(out) == 0);
    cr_assert_str_eq(body, json);
    free(body);
}

static void expect_state(slc_drop_info_t drop, uint64_t now_us, const char *state)
{
    char *body = NULL;
    size_t bytes = 0;
    char wanted[64];
    FILE *out = open_memstream(&body, &bytes);
    slc_json_drop(out, &drop, now_us);
    cr_assert(fclose(out) == 0);
    (void)snprintf(wanted, sizeof wanted, "\"state\":\"%s\"", state);
    cr_assert(strstr(body, wanted) != NULL, "%s", body);
    free(body);
}

Test(json, plain_text_and_utf8_stay_as_they_are)
{
    expect_text("", "\"\"");
    expect_text("10,000 pairs", "\"10,000 pairs\"");
    expect_text("é 靴 🥾", "\"é 靴 🥾\"");
    expect_text("</script> & '", "\"</script> & '\"");
}

Test(json, quotation_marks_and_backslashes_are_escaped)
{
    expect_text("say \"hi\"", "\"say \\\"hi\\\"\"");
    expect_text("\\", "\"\\\\\"");
    expect_text("\\\"", "\"\\\\\\\"\"");
}

Test(json, control_characters_leave_as_numbers)
{
    expect_text("a\nb\tc\r", "\"a\\u000ab\\u0009c\\u000d\"");
    expect_text("\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"");
    expect_text("\x1b[2J", "\"\\u001b[2J\"");
}

Test(json, a_drop_says_what_buyers_meet)
{
    slc_drop_info_t drop = {
        .drop_id = 1, .stock = 2, .remaining = 1, .opens_at_us = 100, .closes_at_us = 200};
    expect_state(drop, 99, "not_open");
    expect_state(drop, 100, "open");
    expect_state(drop, 199, "open");
    expect_state(drop, 200, "closed");
    drop.closes_at_us = 0;
    expect_state(drop, UINT64_MAX, "open");
    drop.remaining = 0;
    expect_state(drop, 100, "sold_out");
    drop.closed = true;
    expect_state(drop, 100, "closed");
}

Test(json, a_drop_has_its_documented_keys)
{
    slc_drop_info_t drop = {.drop_id = 7,
                            .stock = 10,
                            .sold = 4,
                            .remaining = 6,
                            .per_user_limit = 2,
                            .opens_at_us = 5,
                            .closes_at_us = 9,
                            .orders = 3,
                            .cancelled = 1,
                            .name = "\"x\""};
    char *body = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&body, &bytes);
    slc_json_drop(out, &drop, 6);
    cr_assert(fclose(out) == 0);
    cr_assert_str_eq(
        body, "{\"drop_id\":7,\"name\":\"\\\"x\\\"\",\"state\":\"open\",\"stock\":10,\"sold\":4,"
              "\"remaining\":6,\"orders\":3,\"cancelled\":1,\"per_user_limit\":2,\"opens_at_us\":5,"
              "\"closes_at_us\":9}");
    free(body);
}
