#include "picture.h"

#include <inttypes.h>

#define WIDTH 640.0
#define HEIGHT 200.0
#define LEFT 8.0
#define TOP 22.0
#define BASE 176.0 /* of the picture proper; labels stand below */

/* ---- text ---- */

void picture_put_text(FILE *out, const char *text)
{
    (void)fputs("<bdi>", out);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '&' || byte == '<' || byte == '>' || byte == '"' || byte == '\'') {
            (void)fprintf(out, "&#%d;", byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            (void)fprintf(out, "\\x%02x", byte);
        } else {
            putc(byte, out);
        }
    }
    (void)fputs("</bdi>", out);
}

void picture_put_count(FILE *out, uint64_t number)
{
    if (number >= 1000) {
        picture_put_count(out, number / 1000);
        (void)fprintf(out, ",%03" PRIu64, number % 1000);
    } else {
        (void)fprintf(out, "%" PRIu64, number);
    }
}

void picture_put_span(FILE *out, uint64_t us)
{
    if (us < 1000) {
        (void)fprintf(out, "%" PRIu64 " µs", us);
    } else if (us < 1000000) {
        (void)fprintf(out, "%.1f ms", (double)us / 1e3);
    } else if (us < UINT64_C(600000000)) {
        (void)fprintf(out, "%.2f s", (double)us / 1e6);
    } else if (us < UINT64_C(36000000000)) {
        (void)fprintf(out, "%.1f min", (double)us / 6e7);
    } else {
        (void)fprintf(out, "%.1f h", (double)us / 3.6e9);
    }
}

/* ---- what the pictures share ---- */

static uint64_t spans_of(const going_drop_t *drop)
{
    return drop->begin_us == 0 ? 0 : (drop->last_us - drop->begin_us) / drop->span_us + 1;
}

static uint64_t height_of(const going_span_t *span)
{
    return span->wins + span->refusals + span->repeats;
}

static double x_of(uint64_t at, uint64_t count)
{
    return LEFT + (WIDTH - 2 * LEFT) * (double)at / (double)(count > 0 ? count : 1);
}

static double y_of(uint64_t value, uint64_t most)
{
    return BASE - (BASE - TOP) * (double)value / (double)(most > 0 ? most : 1);
}

/* What stands between the two is said beside the title. */
static void begin_figure(FILE *out, const char *title)
{
    (void)fprintf(out, "<figure><figcaption>%s<small>", title);
}

static void begin_picture(FILE *out, const char *title)
{
    (void)fprintf(
        out,
        "</small></figcaption><div class=\"pair\">"
        "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s; the table beside it says the "
        "same\"><title>%s</title><path class=\"grid\" d=\"M%.0f %.0fH%.0fM%.0f %.0fH%.0f\"/>"
        "<path class=\"axis\" d=\"M%.0f %.0fH%.0f\"/>",
        WIDTH, HEIGHT, title, title, LEFT, TOP, WIDTH - LEFT, LEFT, (TOP + BASE) / 2, WIDTH - LEFT, LEFT,
        BASE, WIDTH - LEFT);
}

/* Patches of colour are no more than a help: their order, which is told, is that of the picture. */
static void put_legend(FILE *out, const char *kind, const char *name)
{
    (void)fprintf(out, "<i class=\"%s\"></i>%s", kind, name);
}

static void put_label(FILE *out, double x, double y, const char *anchor)
{
    (void)fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
}

/* At the lines across: what their heights mean. */
static void put_heights(FILE *out, uint64_t most)
{
    put_label(out, LEFT, TOP - 4, "start");
    picture_put_count(out, most);
    (void)fputs("</text>", out);
    if (most % 2 == 0 && most > 0) {
        put_label(out, LEFT, (TOP + BASE) / 2 - 4, "start");
        picture_put_count(out, most / 2);
        (void)fputs("</text>", out);
    }
}

/* Below: from 0 to the end. */
static void put_time_axis(FILE *out, const going_drop_t *drop)
{
    put_label(out, LEFT, HEIGHT - 6, "start");
    (void)fputs("first attempt</text>", out);
    put_label(out, WIDTH - LEFT, HEIGHT - 6, "end");
    (void)fputs("+", out);
    picture_put_span(out, spans_of(drop) * drop->span_us);
    (void)fputs("</text>", out);
}

/* The instant at which the last unit went. */
static void put_sold_out(FILE *out, const going_drop_t *drop)
{
    uint64_t spans = spans_of(drop);
    if (drop->sold_out_us == 0 || spans == 0) {
        return;
    }
    double share = (double)(drop->sold_out_us - drop->begin_us) / (double)(spans * drop->span_us);
    double x = LEFT + (WIDTH - 2 * LEFT) * share;
    (void)fprintf(out, "<path class=\"mark\" d=\"M%.1f %.0fV%.0f\"/>", x, TOP - 8, BASE);
    (void)fprintf(out, "<text class=\"mark\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">sold out +",
                  share > 0.5 ? x - 6 : x + 6, TOP + 4, share > 0.5 ? "end" : "start");
    picture_put_span(out, drop->sold_out_us - drop->begin_us);
    (void)fputs("</text>", out);
}

static void begin_table(FILE *out, const char *head)
{
    (void)fprintf(
        out, "</svg><div class=\"table\" tabindex=\"0\"><table><thead><tr>%s</tr></thead><tbody>", head);
}

static void end_figure(FILE *out)
{
    (void)fputs("</tbody></table></div></div></figure>\n", out);
}

static void put_cell(FILE *out, uint64_t number)
{
    (void)fputs("<td>", out);
    picture_put_count(out, number);
    (void)fputs("</td>", out);
}

static void put_row_time(FILE *out, const going_drop_t *drop, uint64_t span)
{
    (void)fputs("<tr><th scope=\"row\">+", out);
    picture_put_span(out, span * drop->span_us);
    (void)fputs("</th>", out);
}

/* ---- arrivals ---- */

static void put_bar(FILE *out, const char *kind, uint64_t span, uint64_t spans, uint64_t from,
                    uint64_t to, uint64_t most)
{
    double x = x_of(span, spans);
    double y = y_of(to, most);
    if (to > from) {
        (void)fprintf(out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>",
                      kind, x, y, x_of(span + 1, spans) - x, y_of(from, most) - y);
    }
}

void picture_arrivals(FILE *out, const going_drop_t *drop)
{
    uint64_t spans = spans_of(drop);
    uint64_t most = 0;
    for (uint64_t i = 0; i < spans; i++) {
        most = height_of(&drop->spans[i]) > most ? height_of(&drop->spans[i]) : most;
    }
    most += most % 2; /* so that half of it is a whole number */
    begin_figure(out, "Arrivals");
    (void)fputs("attempts in each ", out);
    picture_put_span(out, drop->span_us);
    (void)fputs(", from below:", out);
    put_legend(out, "wins", "won");
    put_legend(out, "repeats", "repeated");
    put_legend(out, "refusals", "refused");
    begin_picture(out, "Arrivals");
    for (uint64_t i = 0; i < spans; i++) {
        const going_span_t *span = &drop->spans[i];
        put_bar(out, "wins", i, spans, 0, span->wins, most);
        put_bar(out, "repeats", i, spans, span->wins, span->wins + span->repeats, most);
        put_bar(out, "refusals", i, spans, span->wins + span->repeats, height_of(span), most);
    }
    put_heights(out, most);
    put_sold_out(out, drop);
    put_time_axis(out, drop);
    begin_table(out, "<th>from</th><th class=\"wins\">won</th><th class=\"repeats\">repeated</th>"
                     "<th class=\"refusals\">refused</th>");
    for (uint64_t i = 0; i < spans; i++) {
        if (height_of(&drop->spans[i]) > 0) {
            put_row_time(out, drop, i);
            put_cell(out, drop->spans[i].wins);
            put_cell(out, drop->spans[i].repeats);
            put_cell(out, drop->spans[i].refusals);
            (void)fputs("</tr>", out);
        }
    }
    end_figure(out);
}

/* ---- what was left ---- */

static void put_curve(FILE *out, const going_drop_t *drop, uint64_t most)
{
    uint64_t spans = spans_of(drop);
    bool begun = false;
    for (uint64_t i = 0; i < spans; i++) {
        const going_span_t *span = &drop->spans[i];
        if (!span->seen) {
            continue;
        }
        if (!begun) { /* of a snapshot's time only the orders are known */
            uint64_t before = drop->past_orders > 0 ? span->left : drop->left_at_begin;
            (void)fprintf(out, "M%.2f %.2f", x_of(i, spans), y_of(before, most));
        }
        begun = true;
        (void)fprintf(out, "H%.2fV%.2f", x_of(i, spans), y_of(span->left, most));
    }
    (void)fprintf(out, begun ? "H%.2f" : "M%.2f 0", WIDTH - LEFT);
}

void picture_left(FILE *out, const going_drop_t *drop)
{
    uint64_t spans = spans_of(drop);
    uint64_t most = drop->stock > drop->left_at_begin ? drop->stock : drop->left_at_begin;
    begin_figure(out, "Units left");
    begin_picture(out, "Units left");
    (void)fputs("<path class=\"line\" d=\"", out);
    put_curve(out, drop, most);
    (void)fputs("\"/>", out);
    put_heights(out, most);
    put_sold_out(out, drop);
    put_time_axis(out, drop);
    begin_table(out, "<th>from</th><th>left behind it</th>");
    for (uint64_t i = 0; i < spans; i++) {
        if (drop->spans[i].seen) {
            put_row_time(out, drop, i);
            put_cell(out, drop->spans[i].left);
            (void)fputs("</tr>", out);
        }
    }
    end_figure(out);
}

/* ---- who came again ---- */

void picture_retries(FILE *out, const going_drop_t *drop)
{
    uint64_t users[GOING_CLASSES];
    uint64_t winners[GOING_CLASSES];
    uint64_t most = 0;
    going_classes(drop, users, winners);
    for (unsigned i = 0; i < GOING_CLASSES; i++) {
        most = users[i] > most ? users[i] : most;
    }
    most += most % 2;
    begin_figure(out, "How often each user asked");
    (void)fputs("users, from below:", out);
    put_legend(out, "wins", "won");
    put_legend(out, "refusals", "did not");
    begin_picture(out, "How often each user asked");
    for (unsigned i = 0; i < GOING_CLASSES; i++) {
        const uint64_t place = UINT64_C(2) * i;
        put_bar(out, "wins", place, 2 * GOING_CLASSES - 1, 0, winners[i], most);
        put_bar(out, "refusals", place, 2 * GOING_CLASSES - 1, winners[i], users[i], most);
        put_label(out, (x_of(place, 2 * GOING_CLASSES - 1) + x_of(place + 1, 2 * GOING_CLASSES - 1)) / 2,
                  HEIGHT - 6, "middle");
        (void)fprintf(out, "%s</text>", going_class_name(i));
    }
    put_heights(out, most);
    begin_table(
        out,
        "<th>asked</th><th>users</th><th class=\"wins\">won</th><th class=\"refusals\">did not</th>");
    for (unsigned i = 0; i < GOING_CLASSES; i++) {
        (void)fprintf(out, "<tr><th scope=\"row\">%s</th>", going_class_name(i));
        put_cell(out, users[i]);
        put_cell(out, winners[i]);
        put_cell(out, users[i] - winners[i]);
        (void)fputs("</tr>", out);
    }
    end_figure(out);
}
