#include "../../../tools/sluice/command.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include <stdlib.h>
#include <string.h>

static sluice_command_t command;

static void start(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
    (void)unsetenv("SLUICE_CONTROL");
    (void)unsetenv("SLUICE_DATA_DIR");
}

TestSuite(sluice_command, .init = start);

/* Splits at single spaces. */
static sluice_parsed_t parse(const char *line)
{
    static char copy[8192];
    static char program[] = "sluice";
    char *arguments[32] = {program};
    int count = 1;
    (void)strncpy(copy, line, sizeof copy - 1);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        arguments[count++] = word;
    }
    return sluice_command_parse(count, arguments, &command);
}

Test(sluice_command, opens_a_drop)
{
    cr_assert(parse("drop open 7 --stock 500 --per-user=2 --name Schuhe --opens-at 5 --closes-at 9") ==
              SLUICE_RUN);
    const slc_control_request_t *request = &command.request;
    cr_assert(request->op == SLC_CONTROL_OPEN_DROP && command.is_change);
    cr_assert(request->drop_id == 7 && request->stock == 500 && request->per_user_limit == 2);
    cr_assert(request->opens_at_us == 5 && request->closes_at_us == 9);
    cr_assert_str_eq(request->name, "Schuhe");
    cr_assert(!command.json);
}

Test(sluice_command, takes_options_before_between_and_behind_the_words)
{
    cr_assert(parse("--json drop --stock 5 open --per-user 1 3") == SLUICE_RUN);
    cr_assert(command.json && command.request.drop_id == 3 && command.request.stock == 5);
    cr_assert(parse("drop show 9 --json") == SLUICE_RUN);
    cr_assert(command.json && command.request.drop_id == 9);
}

Test(sluice_command, a_negative_delta_is_a_number)
{
    static const char *const lines[] = {"drop adjust 1 -5", "drop adjust 1 --by -5",
                                        "drop adjust --by=-5 1", "drop adjust 1 --delta -5",
                                        "drop adjust 1 -- -5"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_assert(parse(lines[i]) == SLUICE_RUN, "%s", lines[i]);
        cr_assert(command.request.delta == -5 && command.request.drop_id == 1, "%s", lines[i]);
    }
    cr_assert(parse("drop adjust 1 +30") == SLUICE_RUN && command.request.delta == 30);
}

Test(sluice_command, each_change_has_a_key_of_its_own_unless_one_is_given)
{
    cr_assert(parse("drop close 1") == SLUICE_RUN);
    uint64_t first = command.request.op_key;
    cr_assert(parse("drop close 1") == SLUICE_RUN);
    cr_assert(first != 0 && command.request.op_key != 0 && command.request.op_key != first);
    cr_assert(parse("order cancel 4711 --op-key fF") == SLUICE_RUN);
    cr_assert(command.request.op_key == 255 && command.request.order_id == 4711);
    cr_assert(parse("status") == SLUICE_RUN);
    cr_assert(command.request.op_key == 0 && !command.is_change);
}

Test(sluice_command, the_control_socket_comes_from_option_then_environment_then_default)
{
    cr_assert(parse("status") == SLUICE_RUN);
    cr_assert_str_eq(command.control_path, "sluice-data/control.sock");
    cr_assert(setenv("SLUICE_DATA_DIR", "/d", 1) == 0 && parse("status") == SLUICE_RUN);
    cr_assert_str_eq(command.control_path, "/d/control.sock");
    cr_assert(setenv("SLUICE_CONTROL", "/c.sock", 1) == 0 && parse("status") == SLUICE_RUN);
    cr_assert_str_eq(command.control_path, "/c.sock");
    cr_assert(parse("--data-dir /e status") == SLUICE_RUN);
    cr_assert_str_eq(command.control_path, "/e/control.sock");
    cr_assert(parse("--data-dir /e status --control /f.sock") == SLUICE_RUN);
    cr_assert_str_eq(command.control_path, "/f.sock");
}

Test(sluice_command, refuses_what_it_does_not_understand)
{
    static const char *const lines[] = {
        "",
        "drop",
        "drop bla 1",
        "status 1",
        "drop list 1",
        "drop show",
        "drop show 1 2",
        "drop show x",
        "drop show -1",
        "drop show 18446744073709551616",
        "drop open 1",
        "drop open 1 --stock -5",
        "drop open 1 --stock 5x",
        "drop open 1 --stock",
        "drop open 1 --stock 5 --opens-at soon",
        "drop open 1 --stock 5 --by 3",
        "drop adjust 1",
        "drop adjust 1 5 --by 5",
        "drop adjust 1 5 6 7",
        "drop adjust 1 --by five",
        "drop adjust 1 9223372036854775808",
        "drop close 1 --op-key 0",
        "drop close 1 --op-key xyz",
        "drop close 1 --op-key 12345678901234567",
        "drop show 1 --op-key 5",
        "status --json=yes",
        "status --nothing",
        "status -x",
        "status --timeout 0",
        "status --timeout 1 --timeout 2",
        "watch 1",
        "watch --interval 0",
        "watch --interval 3601",
        "watch --interval nan",
        "watch --interval 1s",
        "watch --count 0",
        "watch --count x",
        "watch --once --count 2",
        "status --once",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_assert(parse(lines[i]) == SLUICE_WRONG, "\"%s\" was taken", lines[i]);
    }
}

Test(sluice_command, a_watch_has_a_rhythm_and_an_end)
{
    cr_assert(parse("watch") == SLUICE_RUN && command.action == SLUICE_ACT_WATCH);
    cr_assert(command.interval_ms == 1000 && command.frames == 0 && !command.plain && !command.is_change);
    cr_assert(parse("watch --interval 0.25 --count 7") == SLUICE_RUN);
    cr_assert(command.interval_ms == 250 && command.frames == 7 && !command.plain);
    cr_assert(parse("watch --once --json") == SLUICE_RUN);
    cr_assert(command.frames == 1 && command.plain && command.json);
}

Test(sluice_command, help_and_version_need_nothing_else)
{
    cr_assert(parse("--help") == SLUICE_DONE);
    cr_assert(parse("drop open -h") == SLUICE_DONE);
    cr_assert(parse("--version") == SLUICE_DONE);
}
