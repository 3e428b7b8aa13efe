/* replay state: what all the events come to, rebuilt through the engine's own logic. */
#include "progress.h"
#include "replay.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- for people ---- */

static void print_orders(const slc_state_t *state, uint64_t drop_id)
{
    slc_order_info_t order = {0};
    char time[REPLAY_TIME_BYTES];
    while (slc_state_next_order(state, drop_id, order.order_id, &order)) {
        printf("    order %" PRIu64 "  %s  quantity %" PRIu64 "  order_key %016" PRIx64 "  user ",
               order.order_id, replay_time(order.time_us, time), order.quantity, order.order_key);
        replay_put_quoted(stdout, replay_text(order.user));
        puts(order.cancelled ? "  cancelled" : "");
    }
}

static bool is_wanted(const replay_options_t *options, const slc_drop_info_t *drop)
{
    return options->drop_id == 0 || options->drop_id == drop->drop_id;
}

static void print_text(const replay_options_t *options, const slc_state_t *state)
{
    char opens[REPLAY_TIME_BYTES];
    char closes[REPLAY_TIME_BYTES];
    slc_drop_info_t drop = {0};
    printf("behind event %" PRIu64 "\ndigest %016" PRIx64 "\n\n", slc_state_sequence(state),
           slc_state_digest(state));
    printf("%10s %13s %13s %13s %8s %10s %9s  %-6s  %-27s  %-27s  %s\n", "DROP", "STOCK", "SOLD",
           "REMAINING", "PER-USER", "ORDERS", "CANCELLED", "CLOSED", "OPENS", "CLOSES", "NAME");
    while (slc_state_next_drop(state, drop.drop_id, &drop)) {
        if (!is_wanted(options, &drop)) {
            continue;
        }
        printf("%10" PRIu64 " %13" PRIu64 " %13" PRIu64 " %13" PRIu64 " %8" PRIu64 " %10" PRIu64
               " %9" PRIu64 "  %-6s  %-27s  %-27s  ",
               drop.drop_id, drop.stock, drop.sold, drop.remaining, drop.per_user_limit, drop.orders,
               drop.cancelled, drop.closed ? "yes" : "no", replay_time(drop.opens_at_us, opens),
               replay_time(drop.closes_at_us, closes));
        replay_put_quoted(stdout, replay_text(drop.name));
        putchar('\n');
        if (options->orders) {
            print_orders(state, drop.drop_id);
        }
    }
}

/* ---- JSON ---- */

static void print_orders_json(const slc_state_t *state, uint64_t drop_id)
{
    slc_order_info_t order = {0};
    const char *separator = "";
    fputs(",\"order_list\":[", stdout);
    while (slc_state_next_order(state, drop_id, order.order_id, &order)) {
        printf("%s{\"order_id\":%" PRIu64 ",\"user\":", separator, order.order_id);
        replay_put_quoted(stdout, replay_text(order.user));
        printf(",\"quantity\":%" PRIu64 ",\"order_key\":\"%016" PRIx64 "\",\"time_us\":%" PRIu64
               ",\"cancelled\":%s}",
               order.quantity, order.order_key, order.time_us, order.cancelled ? "true" : "false");
        separator = ",";
    }
    putchar(']');
}

static void print_json(const replay_options_t *options, const slc_state_t *state)
{
    slc_drop_info_t drop = {0};
    const char *separator = "";
    printf("{\"sequence\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\",\"drops\":[",
           slc_state_sequence(state), slc_state_digest(state));
    while (slc_state_next_drop(state, drop.drop_id, &drop)) {
        if (!is_wanted(options, &drop)) {
            continue;
        }
        printf("%s{\"drop_id\":%" PRIu64 ",\"name\":", separator, drop.drop_id);
        replay_put_quoted(stdout, replay_text(drop.name));
        printf(",\"stock\":%" PRIu64 ",\"sold\":%" PRIu64 ",\"remaining\":%" PRIu64
               ",\"per_user_limit\":%" PRIu64 ",\"opens_at_us\":%" PRIu64 ",\"closes_at_us\":%" PRIu64
               ",\"closed\":%s,\"orders\":%" PRIu64 ",\"cancelled\":%" PRIu64,
               drop.stock, drop.sold, drop.remaining, drop.per_user_limit, drop.opens_at_us,
               drop.closes_at_us, drop.closed ? "true" : "false", drop.orders, drop.cancelled);
        if (options->orders) {
            print_orders_json(state, drop.drop_id);
        }
        putchar('}');
        separator = ",";
    }
    puts("]}");
}

int replay_state(const replay_options_t *options)
{
    if (options->what_if != NULL) {
        return replay_what_if(options);
    }
    slc_error_t error = {0};
    slc_state_t *state = NULL;
    replay_progress_t progress;
    replay_progress_begin(&progress, "replaying");
    slc_err_t code = slc_state_replay(options->directory, options->until, replay_progress_update,
                                      &progress, &state, &error);
    replay_progress_end(&progress);
    if (code != SLC_OK) {
        return replay_fail(&error);
    }
    if (options->json) {
        print_json(options, state);
    } else {
        print_text(options, state);
    }
    slc_state_destroy(state);
    return replay_flush(REPLAY_DONE);
}
