#include "when.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_US UINT64_C(1000000)
/* The year 9999 ends here. */
#define SECONDS_MAX UINT64_C(253402300799)

uint64_t sluice_when_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}

/* Exactly `digits` digits at *at, which moves behind them. */
static bool take_digits(const char **at, int digits, int *ret_value)
{
    *ret_value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (!isdigit((unsigned char)**at)) {
            return false;
        }
        *ret_value = *ret_value * 10 + (**at - '0');
    }
    return true;
}

static bool take(const char **at, char wanted)
{
    if (**at != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

/* ".5" as 500000: up to six digits. */
static bool take_fraction(const char **at, uint64_t *ret_us)
{
    *ret_us = 0;
    if (!take(at, '.')) {
        return true;
    }
    uint64_t unit = SECOND_US;
    while (isdigit((unsigned char)**at) && unit > 1) {
        unit /= 10;
        *ret_us += unit * (uint64_t)(**at - '0');
        (*at)++;
    }
    return unit < SECOND_US;
}

static bool parse_iso(const char *text, uint64_t *ret_us)
{
    const char *at = text;
    struct tm part = {0};
    uint64_t fraction_us = 0;
    bool good = take_digits(&at, 4, &part.tm_year) && take(&at, '-') &&
                take_digits(&at, 2, &part.tm_mon) && take(&at, '-') &&
                take_digits(&at, 2, &part.tm_mday) && (take(&at, 'T') || take(&at, ' ')) &&
                take_digits(&at, 2, &part.tm_hour) && take(&at, ':') && take_digits(&at, 2, &part.tm_min);
    if (good && take(&at, ':')) {
        good = take_digits(&at, 2, &part.tm_sec) && take_fraction(&at, &fraction_us);
    }
    (void)take(&at, 'Z');
    if (!good || *at != '\0' || part.tm_year < 1970) {
        return false;
    }
    part.tm_year -= 1900;
    part.tm_mon -= 1;
    struct tm normal = part;
    time_t seconds = timegm(&normal);
    /* timegm turns February 30th into March 2nd: what comes back has to be what went in. */
    if (normal.tm_mon != part.tm_mon || normal.tm_mday != part.tm_mday ||
        normal.tm_hour != part.tm_hour || normal.tm_min != part.tm_min || normal.tm_sec != part.tm_sec) {
        return false;
    }
    *ret_us = (uint64_t)seconds * SECOND_US + fraction_us;
    return true;
}

/* Digits with an optional fraction, in seconds. */
static bool parse_seconds(const char *text, uint64_t *ret_us)
{
    uint64_t seconds = 0;
    uint64_t fraction_us;
    const char *at = text;
    while (isdigit((unsigned char)*at) && seconds <= SECONDS_MAX) {
        seconds = seconds * 10 + (uint64_t)(*at++ - '0');
    }
    if (at == text || seconds > SECONDS_MAX || !take_fraction(&at, &fraction_us) || *at != '\0') {
        return false;
    }
    *ret_us = seconds * SECOND_US + fraction_us;
    return true;
}

bool sluice_when_parse(const char *text, uint64_t now_us, uint64_t *ret_us)
{
    if (text[0] == '+') {
        bool good = parse_seconds(text + 1, ret_us);
        *ret_us = good ? now_us + *ret_us : 0;
        return good;
    }
    if (text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 20) {
        *ret_us = strtoull(text, NULL, 10);
        return true;
    }
    return parse_iso(text, ret_us);
}

void sluice_when_write(uint64_t us, char out[SLUICE_WHEN_BYTES])
{
    uint64_t whole = us / SECOND_US;
    time_t seconds = (time_t)(whole < SECONDS_MAX ? whole : SECONDS_MAX);
    struct tm part;
    (void)gmtime_r(&seconds, &part);
    size_t used = strftime(out, SLUICE_WHEN_BYTES, "%Y-%m-%dT%H:%M:%S", &part);
    unsigned fraction = (unsigned)(us % SECOND_US);
    if (fraction != 0) {
        used += (size_t)snprintf(out + used, SLUICE_WHEN_BYTES - used, ".%06u", fraction);
    }
    (void)snprintf(out + used, SLUICE_WHEN_BYTES - used, "Z");
}
