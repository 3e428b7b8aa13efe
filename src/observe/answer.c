#include "observe/answer.h"

#include "observe/json.h"
#include "observe/metrics.h"
#include "observe/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_JSON "application/json"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

typedef struct question {
    const slc_picture_t *picture;
    const char *path;
    const char *after;
    const char *limit;
    slc_http_answer_t *answer;
    FILE *out; /* its body */
} question_t;

static void refuse(question_t *question, unsigned code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A sentence as JSON, for those who asked for some. */
static void refuse(question_t *question, unsigned code, const char *format, ...)
{
    char sentence[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    question->answer->code = code;
    question->answer->type = TYPE_JSON;
    (void)fputs("{\"message\":", question->out);
    slc_json_text(question->out, sentence);
    (void)fputs("}\n", question->out);
}

/* Digits alone; false: it is no number, or one that does not fit. */
static bool read_number(const char *text, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value)) {
            return false;
        }
    }
    *ret_value = value;
    return at != text && *at == '\0';
}

static void answer_live(question_t *question)
{
    (void)fputs("ok\n", question->out);
}

static void answer_ready(question_t *question)
{
    const slc_picture_t *picture = question->picture;
    if (picture->state == SLC_ENGINE_SERVING) {
        (void)fputs("ok\n", question->out);
        return;
    }
    question->answer->code = 503;
    (void)fprintf(question->out, "%s\n", picture->reason);
}

static void answer_metrics(question_t *question)
{
    question->answer->type = TYPE_METRICS;
    slc_metrics_write(question->out, question->picture);
}

static void answer_status(question_t *question)
{
    question->answer->type = TYPE_JSON;
    slc_status_write(question->out, question->picture);
}

static void answer_drops(question_t *question)
{
    const slc_picture_t *picture = question->picture;
    uint64_t after = 0;
    uint64_t limit = SLC_DROPS_LIMIT;
    if (question->after != NULL && !read_number(question->after, &after)) {
        refuse(question, 400, "after: give the number of a drop, the last one of the page before");
        return;
    }
    if (question->limit != NULL &&
        (!read_number(question->limit, &limit) || limit < 1 || limit > SLC_DROPS_LIMIT_MAX)) {
        refuse(question, 400, "limit: give 1 to %u", SLC_DROPS_LIMIT_MAX);
        return;
    }
    slc_drop_list_t list;
    if (!slc_board_list(picture->board, after, (size_t)limit, NULL, NULL, &list)) {
        refuse(question, 500, "no memory for a list of %" PRIu64 " drops", limit);
        return;
    }
    question->answer->type = TYPE_JSON;
    (void)fputs("{\"drops\":[", question->out);
    for (size_t i = 0; i < list.count; i++) {
        (void)fputs(i == 0 ? "" : ",\n", question->out);
        slc_json_drop(question->out, &list.drops[i], picture->now_us);
    }
    (void)fprintf(question->out, "],\"more\":%s,\"sequence\":%" PRIu64 "}\n",
                  list.found > list.count ? "true" : "false", list.sequence);
    slc_drop_list_free(&list);
}

static void answer_drop(question_t *question)
{
    const char *word = question->path + strlen("/drops/");
    uint64_t drop_id = 0;
    slc_drop_info_t drop;
    if (!read_number(word, &drop_id)) {
        refuse(question, 404, "there is no such drop: a drop has a number, as in /drops/1");
    } else if (!slc_board_drop(question->picture->board, drop_id, &drop)) {
        refuse(question, 404, "drop %" PRIu64 " does not exist; /drops lists those that do", drop_id);
    } else {
        question->answer->type = TYPE_JSON;
        slc_json_drop(question->out, &drop, question->picture->now_us);
        (void)fputc('\n', question->out);
    }
}

static void answer_unknown(question_t *question)
{
    question->answer->code = 404;
    (void)fputs("not found; there are /, /metrics, /status, /drops, /drops/ID, /livez and /readyz\n",
                question->out);
}

static void answer(question_t *question)
{
    static const struct {
        const char *path;
        void (*answer)(question_t *question);
        bool is_of_drops;
    } table[] = {
        {"/livez", answer_live, false},      {"/readyz", answer_ready, false},
        {"/metrics", answer_metrics, false}, {"/status", answer_status, false},
        {"/drops", answer_drops, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(question->path, table[i].path) == 0) {
            if (table[i].is_of_drops && question->picture->board == NULL) {
                refuse(question, 503, "%s", question->picture->reason);
            } else {
                table[i].answer(question);
            }
            return;
        }
    }
    if (strncmp(question->path, "/drops/", strlen("/drops/")) != 0) {
        answer_unknown(question);
    } else if (question->picture->board == NULL) {
        refuse(question, 503, "%s", question->picture->reason);
    } else {
        answer_drop(question);
    }
}

void slc_http_answer(const slc_picture_t *picture, const char *path, const char *after, const char *limit,
                     slc_http_answer_t *ret_answer)
{
    *ret_answer = (slc_http_answer_t){.code = 200, .type = TYPE_TEXT};
    if (strcmp(path, "/") == 0) {
        ret_answer->type = "text/html; charset=utf-8";
        ret_answer->is_page = true;
        return;
    }
    question_t question = {.picture = picture, .path = path, .after = after, .limit = limit};
    question.answer = ret_answer;
    question.out = open_memstream(&ret_answer->body, &ret_answer->bytes);
    if (question.out != NULL) {
        answer(&question);
        if (fclose(question.out) == 0) {
            return;
        }
        free(ret_answer->body);
    }
    *ret_answer = (slc_http_answer_t){.code = 500, .type = TYPE_TEXT};
}
