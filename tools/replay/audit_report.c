#include "audit_report.h"

#include "text.h"

#include <inttypes.h>
#include <stdarg.h>

typedef struct check_name {
    const char *key;
    const char *text;
} check_name_t;

static const check_name_t names[AUDIT_CHECK_COUNT] = {
#define AUDIT_CHECK_NAME(id, key, text) [AUDIT_CHECK_##id] = {key, text},
    AUDIT_CHECK_LIST(AUDIT_CHECK_NAME)
#undef AUDIT_CHECK_NAME
};

void audit_made(audit_report_t *report, audit_check_id_t id, const char *format, ...)
{
    audit_check_t *check = &report->checks[id];
    check->made = true;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(check->looked_at, sizeof check->looked_at, format, arguments);
    va_end(arguments);
}

void audit_fail(audit_report_t *report, audit_check_id_t id, const char *format, ...)
{
    audit_check_t *check = &report->checks[id];
    check->made = true;
    if (check->failures++ > 0) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(check->finding, sizeof check->finding, format, arguments);
    va_end(arguments);
}

bool audit_passed(const audit_report_t *report)
{
    for (int id = 0; id < AUDIT_CHECK_COUNT; id++) {
        if (report->checks[id].failures > 0) {
            return false;
        }
    }
    return true;
}

void audit_print(const audit_report_t *report, bool colour, FILE *out)
{
    const char *green = colour ? "\033[32m" : "";
    const char *red = colour ? "\033[31m" : "";
    const char *plain = colour ? "\033[0m" : "";
    for (int id = 0; id < AUDIT_CHECK_COUNT; id++) {
        const audit_check_t *check = &report->checks[id];
        if (!check->made) {
            continue;
        }
        if (check->failures == 0) {
            fprintf(out, "%sPASS%s  %-36s %s\n", green, plain, names[id].text, check->looked_at);
            continue;
        }
        fprintf(out, "%sFAIL%s  %-36s %s", red, plain, names[id].text, check->finding);
        if (check->failures > 1) {
            fprintf(out, " (and %" PRIu64 " more)", check->failures - 1);
        }
        putc('\n', out);
    }
}

void audit_print_json(const audit_report_t *report, FILE *out)
{
    const char *separator = "";
    putc('[', out);
    for (int id = 0; id < AUDIT_CHECK_COUNT; id++) {
        const audit_check_t *check = &report->checks[id];
        if (!check->made) {
            continue;
        }
        fprintf(out, "%s{\"name\":\"%s\",\"pass\":%s,\"looked_at\":", separator, names[id].key,
                check->failures == 0 ? "true" : "false");
        replay_put_quoted(out, replay_text(check->looked_at));
        fprintf(out, ",\"failures\":%" PRIu64 ",\"finding\":", check->failures);
        replay_put_quoted(out, replay_text(check->finding));
        putc('}', out);
        separator = ",";
    }
    putc(']', out);
}
