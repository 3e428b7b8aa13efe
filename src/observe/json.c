#include "observe/json.h"

#include <inttypes.h>

void slc_json_text(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            (void)fprintf(out, "\\%c", *at);
        } else if (*at < 0x20 || *at == 0x7f) {
            (void)fprintf(out, "\\u%04x", *at);
        } else {
            (void)fputc(*at, out);
        }
    }
    (void)fputc('"', out);
}

/* What buyers meet, by the clock of this machine. */
static const char *drop_state(const slc_drop_info_t *drop, uint64_t now_us)
{
    if (drop->closed || (drop->closes_at_us != 0 && drop->closes_at_us <= now_us)) {
        return "closed";
    }
    if (drop->opens_at_us > now_us) {
        return "not_open";
    }
    return drop->remaining == 0 ? "sold_out" : "open";
}

void slc_json_drop(FILE *out, const slc_drop_info_t *drop, uint64_t now_us)
{
    (void)fprintf(out, "{\"drop_id\":%" PRIu64 ",\"name\":", drop->drop_id);
    slc_json_text(out, drop->name);
    (void)fprintf(out,
                  ",\"state\":\"%s\",\"stock\":%" PRIu64 ",\"sold\":%" PRIu64 ",\"remaining\":%" PRIu64
                  ",\"orders\":%" PRIu64 ",\"cancelled\":%" PRIu64 ",\"per_user_limit\":%" PRIu64
                  ",\"opens_at_us\":%" PRIu64 ",\"closes_at_us\":%" PRIu64 "}",
                  drop_state(drop, now_us), drop->stock, drop->sold, drop->remaining, drop->orders,
                  drop->cancelled, drop->per_user_limit, drop->opens_at_us, drop->closes_at_us);
}
