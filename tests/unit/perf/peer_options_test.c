#include "../../../perf/peer/options.h"

#include <criterion/criterion.h>

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static peer_options_t options;

static bool parse(const char *line)
{
    static char text[256];
    char *words[32] = {(char *)"client"};
    int count = 1;
    strncpy(text, line, sizeof text - 1);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    optind = 0; /* getopt begins anew */
    return peer_options_parse(count, words, &options);
}

Test(peer_options, what_is_said_last_wins)
{
    cr_assert(parse("--at x --connections 50 --window 100 --connections 2 --batch 25 --mode set --json"));
    cr_assert(options.connections == 2 && options.window == 100 && options.batch == 25 && options.json);
    cr_assert(strcmp(options.mode, "set") == 0 && strcmp(options.at, "x") == 0);
}

Test(peer_options, one_request_in_flight_is_the_usual)
{
    cr_assert(parse("--at x"));
    cr_assert(options.connections == 1 && options.window == 1 && options.batch == 1);
    cr_assert(options.requests == 0 && options.stock == 100000000);
}

Test(peer_options, nobody_to_ask_is_an_error)
{
    cr_assert(!parse("--connections 1"));
}

Test(peer_options, a_batch_fits_the_window)
{
    cr_assert(parse("--at x --window 10 --batch 10"));
    cr_assert(!parse("--at x --window 10 --batch 11"));
}

Test(peer_options, numbers_are_whole_and_bounded)
{
    cr_assert(!parse("--at x --connections 0"));
    cr_assert(!parse("--at x --connections 1x"));
    cr_assert(!parse("--at x --connections -1"));
    cr_assert(!parse("--at x --window 65537"));
    cr_assert(!parse("--at x --seconds 0"));
    cr_assert(!parse("--at x --seconds nan"));
    cr_assert(!parse("--at x --stock 0"));
}

Test(peer_options, an_address_has_a_host_and_a_port)
{
    char host[16];
    uint16_t port = 0;
    cr_assert(peer_options_address("127.0.0.1:65535", host, sizeof host, &port));
    cr_assert(strcmp(host, "127.0.0.1") == 0 && port == 65535);
    cr_assert(!peer_options_address("127.0.0.1", host, sizeof host, &port));
    cr_assert(!peer_options_address(":80", host, sizeof host, &port));
    cr_assert(!peer_options_address("127.0.0.1:", host, sizeof host, &port));
    cr_assert(!peer_options_address("127.0.0.1:65536", host, sizeof host, &port));
    cr_assert(!peer_options_address("a-name-of-16-char:80", host, sizeof host, &port));
}
