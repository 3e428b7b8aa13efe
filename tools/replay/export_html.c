/* How each drop went, as one page that needs nothing else: style and pictures stand within it. */
#include "../common/called.h"
#include "export.h"
#include "going.h"
#include "known.h"
#include "memory.h"
#include "picture.h"
#include "progress.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>

/* A page with more is no page to look at. */
#define DROPS_MAX 20u

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
    "<title>How the drop went</title><style>\n"
    ":root{color-scheme:light dark;--paper:#f4f6f8;--card:#fff;--ink:#131a22;"
    "--soft:#55606d;--rule:#dbe1e8;--wins:#0d8f74;--wins-ink:#08755f;--refusals:#a9b4c0;"
    "--repeats:#d9772b;--repeats-ink:#a3480b;--mark:#b3256b}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#0d1116;--card:#151b22;"
    "--ink:#e9eef3;--soft:#9aa7b4;--rule:#2c3742;--wins:#23a887;--wins-ink:#45d0ab;"
    "--refusals:#55616e;--repeats:#d87a30;--repeats-ink:#f0a05e;--mark:#f58ab9}}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 Inter,"
    "system-ui,sans-serif}\n"
    "main{max-width:72rem;margin:auto;padding:1rem}h1{font-size:1.6rem;"
    "letter-spacing:-.02em;margin:.4rem 0}h2{font-size:1.25rem;overflow-wrap:anywhere;"
    "margin:0}\n"
    "section{background:var(--card);border:1px solid var(--rule);border-radius:.75rem;"
    "padding:1.1rem 1.25rem;margin:1rem 0}p{margin:.3rem 0;overflow-wrap:anywhere}\n"
    "dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));"
    "gap:.6rem 1rem;margin:1rem 0}dt{color:var(--soft);font-size:.83rem}dd{margin:0;"
    "font-size:1.15rem;font-weight:600;font-variant-numeric:tabular-nums}\n"
    ".sold{grid-column:1/-1;border-left:4px solid var(--mark);padding-left:.8rem}"
    ".sold dd{font-size:1.35rem;line-height:1.3}\n"
    "figure{margin:1.5rem 0 0}figcaption{font-weight:650;margin-bottom:.4rem}"
    "figcaption small{color:var(--soft);font-weight:400;font-size:.83rem;"
    "margin-left:.6rem}figcaption i{display:inline-block;width:.8em;height:.8em;"
    "border-radius:.15em;margin:0 .3em 0 .7em}\n"
    "i.wins{background:var(--wins)}i.refusals{background:var(--refusals)}i.repeats{"
    "background:var(--repeats)}\n"
    ".pair{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,1fr);gap:1rem}\n"
    "svg{width:100%;height:auto;overflow:visible}svg text{fill:var(--soft);"
    "font-size:12px;font-variant-numeric:tabular-nums;paint-order:stroke;"
    "stroke:var(--card);stroke-width:3px;stroke-linejoin:round}\n"
    "svg text.mark{fill:var(--mark);font-weight:650;stroke:var(--card);"
    "stroke-dasharray:none}.axis{stroke:var(--soft);fill:none}.grid{stroke:var(--rule);"
    "fill:none}\n"
    ".line{stroke:var(--wins);stroke-width:2.5;fill:none;stroke-linejoin:round}.under{"
    "fill:var(--wins);opacity:.13}.mark{stroke:var(--mark);stroke-width:1.5;"
    "stroke-dasharray:4 3}.dot{fill:var(--wins)}\n"
    "rect.wins{fill:var(--wins)}rect.refusals{fill:var(--refusals)}rect.repeats{"
    "fill:var(--repeats)}\n"
    ".table{max-height:14.5rem;overflow:auto;border:1px solid var(--rule);"
    "border-radius:.4rem}table{border-collapse:collapse;width:100%;font-size:.83rem;"
    "font-variant-numeric:tabular-nums}th,td{padding:.2rem .6rem;text-align:right}"
    "tbody th{font-weight:400;color:var(--soft)}thead th{position:sticky;top:0;"
    "background:var(--card);border-bottom:1px solid var(--rule)}\n"
    "th.wins{color:var(--wins-ink)}th.refusals{color:var(--soft)}th.repeats{"
    "color:var(--repeats-ink)}\n"
    ".known{color:var(--soft);font-size:.87rem;white-space:pre-line;"
    "overflow-wrap:anywhere}\n"
    "@media(max-width:62rem){.pair{grid-template-columns:minmax(0,1fr)}}\n"
    "@media(max-width:44rem){main{padding:.6rem}section{padding:.9rem}svg text{font-size:21px}"
    "figcaption small{display:block;margin-left:0}figcaption i:first-child{margin-left:0}}\n"
    "</style></head><body><main><h1>How the drop went</h1>\n";

/* ---- one drop ---- */

static void put_figure(FILE *out, const char *name, uint64_t number)
{
    (void)fprintf(out, "<div><dt>%s</dt><dd>", name);
    picture_put_count(out, number);
    (void)fputs("</dd></div>", out);
}

static void put_figures(FILE *out, const going_drop_t *drop)
{
    (void)fputs("<dl>", out);
    if (drop->sold_out_us > 0) {
        (void)fputs("<div class=\"sold\"><dt>sold out</dt><dd>", out);
        picture_put_span(out, drop->sold_out_us - drop->begin_us);
        (void)fprintf(out, " behind the first attempt, with order %" PRIu64 "</dd></div>",
                      drop->sold_out_sequence);
    }
    put_figure(out, "stock", drop->stock);
    put_figure(out, "left", drop->left);
    put_figure(out, "attempts", drop->attempts);
    put_figure(out, "users", drop->user_count);
    put_figure(out, "orders won", drop->wins);
    put_figure(out, "units in them", drop->units);
    put_figure(out, "orders cancelled", drop->cancelled);
    put_figure(out, "repeats of a won order", drop->repeats);
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        if (drop->refused[status] > 0) {
            put_figure(out, slc_status_name(status) + sizeof "STATUS", drop->refused[status]);
        }
    }
    (void)fputs("</dl>\n", out);
}

static void put_drop(FILE *out, const going_drop_t *drop)
{
    char time[REPLAY_TIME_BYTES];
    (void)fprintf(out, "<section><h2>Drop %" PRIu64 " ", drop->drop_id);
    picture_put_text(out, drop->name);
    (void)fprintf(out, "%s</h2>\n<p>First attempt %s", drop->purged ? " (purged since)" : "",
                  replay_time(drop->begin_us, time));
    (void)fprintf(out, ", last %s.</p>\n", replay_time(drop->last_us, time));
    put_figures(out, drop);
    if (drop->past_orders > 0) {
        (void)fprintf(out,
                      "<p class=\"known\">%" PRIu64
                      " of the orders are known from a snapshot: what was left, "
                      "and who was refused then, is not.</p>\n",
                      drop->past_orders);
    }
    if (drop->attempts > 0) {
        picture_arrivals(out, drop);
        picture_left(out, drop);
        picture_retries(out, drop);
    }
    (void)fputs("</section>\n", out);
}

/* ---- the page ---- */

static int by_attempts(const void *a, const void *b)
{
    const going_drop_t *left = *(going_drop_t *const *)a;
    const going_drop_t *right = *(going_drop_t *const *)b;
    return left->attempts > right->attempts ? -1 : left->attempts < right->attempts;
}

static void put_page(FILE *out, const replay_options_t *options, going_t *going,
                     const picture_latency_t *latency)
{
    char time[REPLAY_TIME_BYTES];
    uint64_t shown = going->count < DROPS_MAX ? going->count : DROPS_MAX;
    if (going->count > 0) {
        qsort(going->drops, going->count, sizeof(going_drop_t *), by_attempts);
    }
    (void)fputs(head, out);
    (void)fputs("<p>Data directory ", out);
    picture_put_text(out, options->directory);
    (void)fprintf(out, ", up to event %" PRIu64 " at %s.</p>\n", going->told.sequence,
                  replay_time(going->told.time_us, time));
    (void)fputs("<p class=\"known\">", out);
    replay_put_known(out, "", &going->told);
    if (latency == NULL) {
        (void)fputs(
            "latency is known to who asked, not to the journal: --latency FILE shows what perf/load "
            "--hgrm measured\n",
            out);
    }
    if (shown < going->count) {
        (void)fprintf(
            out, "the %" PRIu64 " drops with the most attempts of %" PRIu64 "; --drop ID shows another\n",
            shown, going->count);
    }
    (void)fputs("</p>\n", out);
    for (uint64_t i = 0; i < shown; i++) {
        put_drop(out, going->drops[i]);
    }
    if (latency != NULL) {
        (void)fputs("<section><h2>Latency, as the buyers measured it</h2>\n", out);
        picture_latency(out, latency);
        (void)fputs("</section>\n", out);
    }
    (void)fputs("</main></body></html>\n", out);
}

static int write_page(const replay_options_t *options, replay_target_t *target, going_t *going,
                      const picture_latency_t *latency, uint64_t *ret_attempts)
{
    if (options->drop_id != 0 && going->count == 0) {
        called_say("replay", "replay: drop %" PRIu64 " does not exist; replay state %s lists the drops\n",
                   options->drop_id, options->directory);
        return REPLAY_USAGE;
    }
    put_page(target->stream, options, going, latency);
    *ret_attempts = 0;
    for (uint64_t i = 0; i < going->count; i++) {
        *ret_attempts += going->drops[i]->attempts;
    }
    return replay_target_commit(target);
}

static void print_summary(const replay_options_t *options, const replay_target_t *target,
                          const going_t *going, uint64_t attempts)
{
    if (!options->json) {
        printf("%s: %" PRIu64 " drops, %" PRIu64 " attempts, behind event %" PRIu64 ", %" PRIu64
               " bytes\n",
               target->path, going->count, attempts, going->told.sequence, target->bytes);
        return;
    }
    fputs("{\"directory\":", stdout);
    replay_put_quoted(stdout, replay_text(options->directory));
    fputs(",\"into\":", stdout);
    replay_put_quoted(stdout, replay_text(target->path));
    printf(",\"drops\":%" PRIu64 ",\"attempts\":%" PRIu64 ",\"bytes\":%" PRIu64 ",", going->count,
           attempts, target->bytes);
    replay_put_known_json(stdout, &going->told);
    puts("}");
}

int export_html(const replay_options_t *options, replay_target_t *target)
{
    slc_error_t error = {0};
    replay_progress_t progress;
    going_t going = {.only_drop = options->drop_id};
    picture_latency_t latency = {0};
    slc_told_t told = {0};
    uint64_t attempts = 0;
    const slc_listener_t listener = going_listener(&going);
    if (options->latency != NULL && !picture_latency_read(options->latency, &latency)) {
        return REPLAY_USAGE;
    }
    replay_progress_begin(&progress, "looking back");
    slc_err_t code = slc_history_read(options->directory, options->until, &listener,
                                      replay_progress_update, &progress, &told, NULL, &error);
    replay_progress_end(&progress);
    going.told = told;
    bool is_stdout = target->temporary == NULL;
    int exit_code = code == SLC_OK ? write_page(options, target, &going,
                                                options->latency == NULL ? NULL : &latency, &attempts)
                                   : replay_fail(&error);
    if (exit_code == REPLAY_DONE && !is_stdout) {
        print_summary(options, target, &going, attempts);
    }
    picture_latency_finish(&latency);
    going_finish(&going);
    return exit_code;
}
