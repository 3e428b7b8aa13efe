#include "watch.h"

#include "frame.h"
#include "print.h"
#include "screen.h"
#include "text.h"
#include "when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Drops that one look asks for; more would cost the server what buyers need. */
#define DROPS_MAX 2000
/* Columns of a frame that is drawn nowhere. */
#define PLAIN_WIDTH 100
/* The server's answer takes microseconds; a view that stands still for longer says so. */
#define ANSWER_MS_MAX 3000

typedef struct watch {
    sluice_session_t *session;
    bool live; /* the screen is open */
    bool json;
    bool colour;
    sluice_look_t now;
    sluice_look_t before; /* the last good one before `now`; good = false: none */
} watch_t;

/* ---- looking ---- */

/* The look owns its list. */
static void forget(sluice_look_t *look)
{
    free(look->drops);
    *look = (sluice_look_t){.good = false};
}

static slc_err_t look(watch_t *watch)
{
    sluice_session_t *session = watch->session;
    const slc_control_request_t status = {.op = SLC_CONTROL_GET_STATUS};
    slc_drop_info_t *drops = NULL;
    if (watch->now.good) {
        forget(&watch->before);
        watch->before = watch->now;
    }
    watch->now = (sluice_look_t){.error = session->error.message};
    slc_err_t err = sluice_session_ask(session, &status);
    watch->now.at_ns = sluice_screen_now_ns();
    watch->now.time_us = sluice_when_now_us();
    watch->now.engine = session->reply->engine;
    if (err == SLC_OK && !sluice_session_is_refused(session)) {
        err = sluice_session_list(session, DROPS_MAX, &drops, &watch->now.count);
    }
    if (err == SLC_OK && sluice_session_is_refused(session)) {
        err = sluice_session_fail(session, SLC_ERR_REFUSED, session->reply->message);
    }
    watch->now.good = err == SLC_OK;
    watch->now.drops = drops;
    if (err != SLC_OK) {
        forget(&watch->now);
        watch->now.at_ns = sluice_screen_now_ns();
        watch->now.time_us = sluice_when_now_us();
        watch->now.error = session->error.message;
        sluice_session_close(session); /* half an answer may be under way on it */
    }
    return err;
}

/* ---- showing ---- */

static const sluice_look_t *look_before(const watch_t *watch)
{
    return watch->before.good ? &watch->before : NULL;
}

static void print_json(const watch_t *watch, FILE *out)
{
    const sluice_look_t *now = &watch->now;
    fprintf(out, "{\"time_us\":%" PRIu64, now->time_us);
    if (!now->good) {
        (void)fputs(",\"error\":", out);
        sluice_text_json(out, now->error);
        (void)fputs("}\n", out);
        return;
    }
    (void)fputs(",\"status\":", out);
    sluice_print_json_engine(&now->engine, out);
    (void)fputs(",\"drops\":[", out);
    for (size_t i = 0; i < now->count; i++) {
        (void)fputs(i == 0 ? "" : ",", out);
        sluice_print_json_drop(&now->drops[i], out);
    }
    sluice_rates_t rates = sluice_frame_rates(now, look_before(watch));
    if (rates.known) {
        fprintf(out, "],\"events_per_s\":%.1f,\"orders_per_s\":%.1f,\"refusals_per_s\":%.1f}\n",
                rates.events, rates.orders, rates.refusals);
    } else {
        (void)fputs("],\"events_per_s\":null,\"orders_per_s\":null,\"refusals_per_s\":null}\n", out);
    }
}

static bool draw(const watch_t *watch)
{
    char *text = NULL;
    size_t bytes = 0;
    sluice_style_t style = {.colour = watch->colour};
    sluice_screen_size(&style.width, &style.height);
    FILE *stream = open_memstream(&text, &bytes);
    if (stream == NULL) {
        return false;
    }
    sluice_frame_write(&watch->now, look_before(watch), &style, stream);
    bool shown = fclose(stream) == 0 && sluice_screen_show(text, bytes);
    free(text);
    return shown;
}

static slc_err_t show(const watch_t *watch, uint64_t number)
{
    static const sluice_style_t plain = {.width = PLAIN_WIDTH};
    if (watch->live) {
        return draw(watch) ? SLC_OK
                           : sluice_session_fail(watch->session, SLC_ERR_IO, "the terminal is gone");
    }
    if (watch->json) {
        print_json(watch, stdout);
    } else {
        (void)fputs(number > 0 ? "\n" : "", stdout);
        sluice_frame_write(&watch->now, look_before(watch), &plain, stdout);
    }
    /* Whoever reads a pipe wants each look when it was taken, and an end of reading ends the watch. */
    return fflush(stdout) == 0
               ? SLC_OK
               : sluice_session_fail(watch->session, SLC_ERR_IO, "the answer cannot be written");
}

/* ---- again and again ---- */

/* Until the next look is due; false: the watcher wants to leave. */
static bool pause_until(const watch_t *watch, uint64_t due_ns)
{
    if (!watch->live) {
        sluice_screen_sleep(due_ns);
        return true;
    }
    for (;;) {
        sluice_wake_t wake = sluice_screen_wait(due_ns);
        if (wake != SLUICE_WAKE_REDRAW || !draw(watch)) {
            return wake == SLUICE_WAKE_TIME;
        }
    }
}

static slc_err_t run(watch_t *watch, slc_err_t first)
{
    const sluice_command_t *command = watch->session->command;
    uint64_t interval_ns = (uint64_t)command->interval_ms * 1000000u;
    uint64_t due_ns = watch->now.at_ns;
    slc_err_t err = first;
    for (uint64_t number = 0;; number++) {
        slc_err_t shown = show(watch, number);
        if (shown != SLC_OK) {
            return shown;
        }
        if (command->frames != 0 && number + 1 == command->frames) {
            return err;
        }
        uint64_t now_ns = sluice_screen_now_ns();
        due_ns = due_ns + interval_ns > now_ns ? due_ns + interval_ns : now_ns + interval_ns;
        if (!pause_until(watch, due_ns)) {
            return SLC_OK;
        }
        err = look(watch);
    }
}

slc_err_t sluice_watch(sluice_session_t *session)
{
    static sluice_command_t patient;
    const char *no_colour = getenv("NO_COLOR");
    watch_t watch = {.session = session, .json = session->command->json};
    patient = *session->command;
    patient.timeout_ms = patient.timeout_ms < ANSWER_MS_MAX ? patient.timeout_ms : ANSWER_MS_MAX;
    session->command = &patient;
    slc_err_t err = look(&watch);
    if (err == SLC_OK) {
        watch.live = !watch.json && !session->command->plain && sluice_screen_open();
        watch.colour = watch.live && (no_colour == NULL || no_colour[0] == '\0');
        err = run(&watch, err);
        if (watch.live) {
            sluice_screen_close();
        }
    }
    forget(&watch.now);
    forget(&watch.before);
    return err;
}
