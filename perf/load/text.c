#include "text.h"
#include "../../tools/common/called.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool load_text_complain(const char *option, const char *text, const char *wanted)
{
    called_say("load", "load: --%s %s: %s; see load --help\n", option, text, wanted);
    return false;
}

/* A decimal number at *at, which moves behind it. */
static bool take_number(const char **at, uint64_t *ret_value)
{
    char *end;
    if (!isdigit((unsigned char)**at)) {
        return false;
    }
    errno = 0;
    *ret_value = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0;
}

bool load_text_number(const char *option, const char *text, uint64_t min, uint64_t max,
                      uint64_t *ret_value)
{
    const char *at = text;
    if (take_number(&at, ret_value) && *at == '\0' && *ret_value >= min && *ret_value <= max) {
        return true;
    }
    char wanted[80];
    (void)snprintf(wanted, sizeof wanted, "needs a number from %llu to %llu", (unsigned long long)min,
                   (unsigned long long)max);
    return load_text_complain(option, text, wanted);
}

static bool is_positive(double value)
{
    return isfinite(value) && value > 0 && value < 1e9;
}

bool load_text_positive(const char *option, const char *text, double *ret_value)
{
    char *end;
    *ret_value = strtod(text, &end);
    return (end != text && *end == '\0' && is_positive(*ret_value)) ||
           load_text_complain(option, text, "needs a number above 0");
}

bool load_text_range(const char **at, uint64_t *ret_first, uint64_t *ret_last)
{
    if (!take_number(at, ret_first)) {
        return false;
    }
    *ret_last = *ret_first;
    if (strncmp(*at, "..", 2) != 0) {
        return true;
    }
    *at += 2;
    return take_number(at, ret_last) && *ret_last >= *ret_first;
}

int load_text_fields(const char *text, uint64_t *ret_numbers, int max)
{
    int count = 0;
    while (*text != '\0') {
        if (count == max || *text++ != ':' || !take_number(&text, &ret_numbers[count])) {
            return -1;
        }
        count++;
    }
    return count;
}

/* A rate without sign or exponent, so that ".." stays what it is; *at moves behind it. */
static bool take_rate(const char **at, double *ret_rate)
{
    char digits[32];
    size_t bytes = 0;
    while (bytes + 1 < sizeof digits &&
           (isdigit((unsigned char)**at) || (**at == '.' && (*at)[1] != '.'))) {
        digits[bytes++] = *(*at)++;
    }
    digits[bytes] = '\0';
    char *end;
    *ret_rate = strtod(digits, &end);
    return bytes > 0 && *end == '\0' && is_positive(*ret_rate);
}

bool load_text_rates(const char *option, const char *text, uint32_t max, double *ret_rates,
                     uint32_t *ret_count, double *ret_ramp_to)
{
    const char *at = text;
    bool good = take_rate(&at, &ret_rates[0]);
    *ret_count = 1;
    *ret_ramp_to = 0;
    if (good && strncmp(at, "..", 2) == 0) {
        at += 2;
        good = take_rate(&at, ret_ramp_to);
    }
    while (good && *at == ',' && *ret_ramp_to == 0 && *ret_count < max) {
        at++;
        good = take_rate(&at, &ret_rates[(*ret_count)++]);
    }
    return (good && *at == '\0') ||
           load_text_complain(option, text, "needs R, R,R,... or FROM..TO, each above 0");
}
