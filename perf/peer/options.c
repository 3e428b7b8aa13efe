#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] = "A closed loop of buyers on something else than Sluice; perf/peers runs it.\n"
                            "  --at WHERE         HOST:PORT, or what this peer's library takes\n"
                            "  --connections N    (1)\n"
                            "  --window N         requests in flight on each (1)\n"
                            "  --batch N          requests a transaction, where the peer has them (1)\n"
                            "  --seconds S        (2), or\n"
                            "  --requests N       stop behind so many requests\n"
                            "  --stock N          units of the drop (100000000)\n"
                            "  --mode NAME        a way of doing it, where the peer has several\n"
                            "  --json\n"
                            "Exit: 0 all checks passed, 1 one failed, 2 usage, 5 input or output.\n";

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *ret_value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value < least || value > most) {
        return false;
    }
    *ret_value = value;
    return true;
}

static bool take(peer_options_t *options, int option, const char *text)
{
    uint64_t value = 0;
    char *end = NULL;
    bool good = true;
    switch (option) {
    case 'a':
        options->at = text;
        break;
    case 'c':
        good = number(text, 1, 10000, &value);
        options->connections = (uint32_t)value;
        break;
    case 'w':
        good = number(text, 1, 65536, &value);
        options->window = (uint32_t)value;
        break;
    case 'b':
        good = number(text, 1, 65536, &value);
        options->batch = (uint32_t)value;
        break;
    case 's':
        options->seconds = strtod(text, &end);
        good = end != text && *end == '\0' && isfinite(options->seconds) && options->seconds > 0;
        break;
    case 'r':
        good = number(text, 1, UINT64_MAX / 2, &options->requests);
        break;
    case 'u':
        good = number(text, 1, UINT64_C(1) << 53, &options->stock);
        break;
    case 'm':
        options->mode = text;
        break;
    case 'j':
        options->json = true;
        break;
    default:
        return false;
    }
    if (!good) {
        (void)fprintf(stderr, "'%s' is out of bounds\n", text);
    }
    return good;
}

bool peer_options_parse(int argc, char **argv, peer_options_t *ret_options)
{
    static const struct option known[] = {
        {"at", required_argument, NULL, 'a'},      {"connections", required_argument, NULL, 'c'},
        {"window", required_argument, NULL, 'w'},  {"batch", required_argument, NULL, 'b'},
        {"seconds", required_argument, NULL, 's'}, {"requests", required_argument, NULL, 'r'},
        {"stock", required_argument, NULL, 'u'},   {"mode", required_argument, NULL, 'm'},
        {"json", no_argument, NULL, 'j'},          {NULL, 0, NULL, 0}};
    *ret_options = (peer_options_t){
        .connections = 1, .window = 1, .batch = 1, .seconds = 2, .stock = 100000000, .mode = ""};
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (!take(ret_options, option, optarg)) {
            (void)fputs(USAGE, stderr);
            return false;
        }
    }
    if (optind != argc || ret_options->at == NULL || ret_options->batch > ret_options->window) {
        (void)fputs(USAGE, stderr);
        return false;
    }
    return true;
}

bool peer_options_address(const char *at, char *host, uint32_t capacity, uint16_t *ret_port)
{
    const char *colon = strrchr(at, ':');
    uint64_t port = 0;
    if (colon == NULL || colon == at || (size_t)(colon - at) >= capacity ||
        !number(colon + 1, 1, UINT16_MAX, &port)) {
        return false;
    }
    memcpy(host, at, (size_t)(colon - at));
    host[colon - at] = '\0';
    *ret_port = (uint16_t)port;
    return true;
}
