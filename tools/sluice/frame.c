#include "frame.h"

#include "frame_drops.h"
#include "when.h"

#include <inttypes.h>

#define WIDTH_MIN 20
/* Below so many rows the drops get those of the head that change least. */
#define SHORT_HEIGHT 16

static void duration(uint64_t us, char *out, size_t capacity)
{
    uint64_t s = us / 1000000;
    if (s < 120) {
        (void)snprintf(out, capacity, "%" PRIu64 " s", s);
    } else if (s < 7200) {
        (void)snprintf(out, capacity, "%" PRIu64 " min", s / 60);
    } else if (s < 172800) {
        (void)snprintf(out, capacity, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s / 60 % 60);
    } else {
        (void)snprintf(out, capacity, "%" PRIu64 " days", s / 86400);
    }
}

static void write_snapshot(sluice_page_t *page, const sluice_look_t *look)
{
    const slc_engine_info_t *engine = &look->engine;
    char count[SLUICE_COUNT_BYTES];
    char age[32];
    if (engine->snapshot_sequence == 0) {
        sluice_page_piece(page, SLUICE_PLAIN, "snapshot none yet");
    } else {
        uint64_t taken_us = engine->snapshot_time_us;
        duration(look->time_us > taken_us ? look->time_us - taken_us : 0, age, sizeof age);
        sluice_page_piece(page, SLUICE_PLAIN, "snapshot up to %s, %s ago, %.1f MiB",
                          sluice_counted(engine->snapshot_sequence, count), age,
                          (double)engine->snapshot_bytes / 1048576.0);
    }
    if (engine->snapshot_error[0] != '\0') {
        sluice_page_piece(page, SLUICE_RED, "snapshot failed: %s", engine->snapshot_error);
    }
}

static void write_rate(sluice_page_t *page, const char *label, uint64_t value,
                       const sluice_rates_t *rates, double rate)
{
    char count[SLUICE_COUNT_BYTES];
    char change[SLUICE_COUNT_BYTES];
    if (rates->known) {
        sluice_page_piece(page, SLUICE_PLAIN, "%s %s (%s/s)", label, sluice_counted(value, count),
                          sluice_counted((uint64_t)(rate + 0.5), change));
    } else {
        sluice_page_piece(page, SLUICE_PLAIN, "%s %s", label, sluice_counted(value, count));
    }
}

static void write_disk(sluice_page_t *page, const sluice_look_t *look)
{
    const slc_engine_info_t *engine = &look->engine;
    sluice_page_piece(page, SLUICE_PLAIN, "journal %.1f MiB in %" PRIu64 " segments (%s, %s)",
                      (double)engine->journal_bytes / 1048576.0, engine->journal_segments,
                      engine->durability, engine->journal_method);
    write_snapshot(page, look);
    if (engine->attempts_missing > 0) {
        sluice_page_piece(page, SLUICE_YELLOW, "attempts missing %" PRIu64, engine->attempts_missing);
    }
    sluice_page_piece(page, SLUICE_PLAIN, "digest %016" PRIx64, engine->digest);
    sluice_page_end_line(page);
}

static void write_head(sluice_page_t *page, const sluice_look_t *look, const sluice_rates_t *rates)
{
    const slc_engine_info_t *engine = &look->engine;
    char text[SLUICE_WHEN_BYTES];
    char up[32];
    duration(engine->uptime_us, up, sizeof up);
    sluice_when_write(look->time_us / 1000000 * 1000000, text);
    sluice_page_piece(page, SLUICE_BOLD, "sluice %s", engine->version);
    if (engine->read_only[0] == '\0') {
        sluice_page_piece(page, SLUICE_GREEN, "sells");
    } else {
        sluice_page_piece(page, SLUICE_RED, "READ ONLY: %s", engine->read_only);
    }
    sluice_page_piece(page, SLUICE_PLAIN, "up %s", up);
    sluice_page_piece(page, SLUICE_PLAIN, "%s", text);
    sluice_page_end_line(page);
    write_rate(page, "orders", engine->orders, rates, rates->orders);
    write_rate(page, "refusals", engine->buys_refused, rates, rates->refusals);
    write_rate(page, "sequence", engine->applied_sequence, rates, rates->events);
    sluice_page_piece(page, SLUICE_PLAIN, "connections %" PRIu64, engine->connections);
    sluice_page_end_line(page);
}

sluice_rates_t sluice_frame_rates(const sluice_look_t *now, const sluice_look_t *before)
{
    sluice_rates_t rates = {.known = false};
    if (!now->good || before == NULL || !before->good || now->at_ns <= before->at_ns ||
        now->engine.uptime_us < before->engine.uptime_us ||
        now->engine.applied_sequence < before->engine.applied_sequence) {
        return rates;
    }
    double seconds = sluice_look_seconds_between(now, before);
    uint64_t orders = 0;
    /* Drop by drop, since a purge takes orders out of the total; beyond what is listed only that is left.
     */
    if (now->count == now->engine.drops) {
        for (size_t i = 0; i < now->count; i++) {
            orders += sluice_drop_orders_since(&now->drops[i], before);
        }
    } else if (now->engine.orders > before->engine.orders) {
        orders = now->engine.orders - before->engine.orders;
    }
    rates.known = true;
    rates.orders = (double)orders / seconds;
    rates.events = (double)(now->engine.applied_sequence - before->engine.applied_sequence) / seconds;
    if (now->engine.buys_refused > before->engine.buys_refused) {
        rates.refusals = (double)(now->engine.buys_refused - before->engine.buys_refused) / seconds;
    }
    return rates;
}

/* Of a look that failed the head says so, and what was seen last stays below it. */
static void write_trouble(sluice_page_t *page, const sluice_look_t *now, const sluice_look_t *seen)
{
    sluice_page_piece(page, SLUICE_RED, "NO ANSWER");
    if (seen != NULL) {
        sluice_page_piece(page, SLUICE_RED,
                          "for %.0f s; as it was then:", sluice_look_seconds_between(now, seen));
    }
    sluice_page_end_line(page);
    sluice_page_sentence(page, now->error);
    sluice_page_end_line(page);
}

void sluice_frame_write(const sluice_look_t *now, const sluice_look_t *before,
                        const sluice_style_t *style, FILE *out)
{
    sluice_page_t page = {.out = out,
                          .width = style->width < WIDTH_MIN ? WIDTH_MIN : style->width,
                          .colour = style->colour};
    const sluice_look_t *shown = now->good ? now : before;
    if (!now->good) {
        write_trouble(&page, now, before);
    }
    if (shown != NULL) {
        sluice_rates_t rates = sluice_frame_rates(now, before);
        write_head(&page, shown, &rates);
        if (style->height == 0 || style->height >= SHORT_HEIGHT) {
            write_disk(&page, shown);
        }
        sluice_page_end_line(&page);
        sluice_frame_write_drops(&page, shown, rates.known ? before : NULL, style->height);
    }
}
