/* From the text of a value to its field and back, one pair for each kind of option. */
#include "engine/options_table.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

typedef struct unit {
    const char *name;
    uint64_t factor;
} unit_t;

/* Largest first: what writes a value takes the first that divides it. */
static const unit_t g_size_units[] = {
    {"GiB", UINT64_C(1) << 30}, {"MiB", UINT64_C(1) << 20}, {"KiB", UINT64_C(1) << 10}, {"", 1}};
static const unit_t g_duration_units[] = {{"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}};

#define UNITS 4

static void *field_of(const slc_option_t *option, slc_options_t *options)
{
    return (char *)options + option->offset;
}

/* ---- numbers ---- */

/* Digits and then one of the units; `units` NULL: digits alone. Only nothing needs no unit: "0" is,
 * "0.5GiB" is not. */
static bool read_number(const char *text, const unit_t *units, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value)) {
            return false;
        }
    }
    if (at == text) {
        return false;
    }
    if (units == NULL || (value == 0 && *at == '\0')) {
        *ret_value = value;
        return *at == '\0';
    }
    for (size_t unit = 0; unit < UNITS; unit++) {
        if (strcmp(at, units[unit].name) == 0) {
            return !__builtin_mul_overflow(value, units[unit].factor, ret_value);
        }
    }
    return false;
}

static void write_number(uint64_t value, const unit_t *units, char *out, size_t capacity)
{
    for (size_t unit = 0; units != NULL && value != 0 && unit < UNITS; unit++) {
        if (value % units[unit].factor == 0) {
            (void)snprintf(out, capacity, "%" PRIu64 "%s", value / units[unit].factor, units[unit].name);
            return;
        }
    }
    (void)snprintf(out, capacity, "%" PRIu64, value);
}

static const unit_t *units_of(const slc_option_t *option)
{
    return option->kind == SLC_OPTION_SIZE       ? g_size_units
           : option->kind == SLC_OPTION_DURATION ? g_duration_units
                                                 : NULL;
}

/* "1 to 16", "1MiB to 1GiB, a multiple of 4KiB", "10ms to 1h, or 0 for never". */
static void describe_range(const slc_option_t *option, char *out, size_t capacity)
{
    char low[32];
    char high[32];
    char multiple[64] = "";
    write_number(option->low, units_of(option), low, sizeof low);
    write_number(option->high, units_of(option), high, sizeof high);
    if (option->multiple_of != 0) {
        char unit[32];
        write_number(option->multiple_of, units_of(option), unit, sizeof unit);
        (void)snprintf(multiple, sizeof multiple, ", a multiple of %s", unit);
    }
    (void)snprintf(out, capacity, "%s to %s%s%s%s", low, high, multiple,
                   option->power_of_two ? ", a power of two" : "",
                   option->zero_is_never ? ", or 0 for never" : "");
}

static slc_err_t check_number(const slc_option_t *option, const char *text, const char *place,
                              uint64_t *ret_value, slc_error_t *error)
{
    char range[128];
    describe_range(option, range, sizeof range);
    if (!read_number(text, units_of(option), ret_value)) {
        const char *form = option->kind == SLC_OPTION_SIZE
                               ? "a whole number of bytes, or one with KiB, MiB or GiB"
                           : option->kind == SLC_OPTION_DURATION ? "a whole number with ms, s, min or h"
                                                                 : "a whole number";
        return slc_error_set(error, SLC_ERR_CONFIG, "%s: '%.64s' is not %s; give %s", place, text, form,
                             range);
    }
    uint64_t value = *ret_value;
    if (option->zero_is_never && value == 0) {
        return SLC_OK;
    }
    if (value < option->low || value > option->high ||
        (option->multiple_of != 0 && value % option->multiple_of != 0) ||
        (option->power_of_two && (value & (value - 1)) != 0)) {
        return slc_error_set(error, SLC_ERR_CONFIG, "%s: '%.64s' is out of bounds; give %s", place, text,
                             range);
    }
    return SLC_OK;
}

/* ---- the other kinds ---- */

static slc_err_t read_path(const slc_option_t *option, const char *text, const char *place, char *out,
                           slc_error_t *error)
{
    size_t bytes = strlen(text);
    if (bytes == 0) {
        return slc_error_set(error, SLC_ERR_CONFIG, "%s: the value is empty; give %s or leave it out",
                             place, option->argument);
    }
    if (bytes >= SLC_OPTIONS_PATH_BYTES) {
        return slc_error_set(error, SLC_ERR_CONFIG, "%s: %zu bytes are too long; give at most %d", place,
                             bytes, SLC_OPTIONS_PATH_BYTES - 1);
    }
    if (option->accepts != NULL && !option->accepts(text)) {
        return slc_error_set(error, SLC_ERR_CONFIG, "%s: '%.64s' is unknown; give %s", place, text,
                             option->form);
    }
    memcpy(out, text, bytes + 1);
    return SLC_OK;
}

static slc_err_t read_address(const slc_option_t *option, const char *text, const char *place,
                              slc_options_address_t *out, slc_error_t *error)
{
    const char *host = text;
    const char *colon = strrchr(text, ':');
    size_t host_bytes = colon == NULL ? 0 : (size_t)(colon - text);
    bool in_brackets = host_bytes > 2 && text[0] == '[' && colon[-1] == ']';
    uint64_t port = 0;
    if (in_brackets) {
        host = text + 1;
        host_bytes -= 2;
    }
    bool stray = (!in_brackets && memchr(host, ':', host_bytes) != NULL) ||
                 memchr(host, '[', host_bytes) != NULL || memchr(host, ']', host_bytes) != NULL;
    if (host_bytes == 0 || host_bytes >= SLC_OPTIONS_HOST_BYTES || stray ||
        !read_number(colon + 1, NULL, &port) || port > 65535) {
        return slc_error_set(
            error, SLC_ERR_CONFIG,
            "%s: '%.80s' is no HOST:PORT; write it like 127.0.0.1:7411 or [::1]:7411, the "
            "port 0 to 65535%s",
            place, text, option->or_off ? ", or off" : "");
    }
    memcpy(out->host, host, host_bytes);
    out->host[host_bytes] = '\0';
    out->port = (uint16_t)port;
    return SLC_OK;
}

static slc_err_t read_choice(const slc_option_t *option, const char *text, const char *place,
                             uint32_t *out, slc_error_t *error)
{
    for (uint32_t choice = 0; choice < 4 && option->choices[choice] != NULL; choice++) {
        if (strcmp(text, option->choices[choice]) == 0) {
            *out = choice;
            return SLC_OK;
        }
    }
    return slc_error_set(error, SLC_ERR_CONFIG, "%s: '%.64s' is unknown; give %s", place, text,
                         option->argument);
}

static slc_err_t read_switch(const char *text, const char *place, bool *out, slc_error_t *error)
{
    static const char *const words[2][4] = {{"off", "false", "no", "0"}, {"on", "true", "yes", "1"}};
    for (size_t word = 0; word < 8; word++) {
        if (strcmp(text, words[word % 2][word / 2]) == 0) {
            *out = word % 2 == 1;
            return SLC_OK;
        }
    }
    return slc_error_set(error, SLC_ERR_CONFIG, "%s: '%.64s' is unknown; give on or off", place, text);
}

/* ---- by kind ---- */

slc_err_t slc_option_read(const slc_option_t *option, const char *text, const char *place,
                          slc_options_t *options, slc_error_t *ret_error)
{
    void *field = field_of(option, options);
    uint64_t number = 0;
    slc_err_t err = SLC_OK;
    switch (option->kind) {
    case SLC_OPTION_PATH:
        return read_path(option, text, place, field, ret_error);
    case SLC_OPTION_ADDRESS:
        if (option->or_off && strcmp(text, "off") == 0) {
            *(slc_options_address_t *)field = (slc_options_address_t){.port = 0};
            return SLC_OK;
        }
        return read_address(option, text, place, field, ret_error);
    case SLC_OPTION_CHOICE:
        return read_choice(option, text, place, field, ret_error);
    case SLC_OPTION_SWITCH:
        return read_switch(text, place, field, ret_error);
    case SLC_OPTION_COUNT:
        err = check_number(option, text, place, &number, ret_error);
        if (err == SLC_OK) {
            *(uint32_t *)field = (uint32_t)number; /* every count's `high` fits */
        }
        return err;
    case SLC_OPTION_SIZE:
    case SLC_OPTION_DURATION:
        err = check_number(option, text, place, &number, ret_error);
        if (err == SLC_OK) {
            *(uint64_t *)field = number;
        }
        return err;
    }
    return SLC_ERR_CONFIG;
}

void slc_option_write(const slc_option_t *option, const slc_options_t *options, char *out,
                      size_t capacity)
{
    const char *at = (const char *)options + option->offset;
    uint32_t word = 0;
    uint64_t number = 0;
    slc_options_address_t address;
    switch (option->kind) {
    case SLC_OPTION_PATH:
        (void)snprintf(out, capacity, "%s", at);
        break;
    case SLC_OPTION_ADDRESS:
        memcpy(&address, at, sizeof address);
        if (address.host[0] == '\0') {
            (void)snprintf(out, capacity, "off");
            break;
        }
        (void)snprintf(out, capacity, strchr(address.host, ':') != NULL ? "[%s]:%u" : "%s:%u",
                       address.host, address.port);
        break;
    case SLC_OPTION_CHOICE:
        memcpy(&word, at, sizeof word);
        (void)snprintf(out, capacity, "%s", option->choices[word]);
        break;
    case SLC_OPTION_SWITCH:
        (void)snprintf(out, capacity, "%s", *(const bool *)at ? "on" : "off");
        break;
    case SLC_OPTION_COUNT:
        memcpy(&word, at, sizeof word);
        write_number(word, NULL, out, capacity);
        break;
    case SLC_OPTION_SIZE:
    case SLC_OPTION_DURATION:
        memcpy(&number, at, sizeof number);
        write_number(number, units_of(option), out, capacity);
        break;
    }
}

slc_err_t slc_option_set(const slc_option_t *option, const char *text, const char *place,
                         slc_origin_t origin, slc_options_t *options, slc_error_t *ret_error)
{
    slc_options_t scratch = *options;
    slc_origin_t *known = &options->origins[option - slc_options_table];
    slc_err_t err = slc_option_read(option, text, place, &scratch, ret_error);
    if (err == SLC_OK && origin.kind >= known->kind) {
        *options = scratch;
        *known = origin; /* `known` points into *options, which is the scratch now */
    }
    return err;
}
