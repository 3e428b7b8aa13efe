/* Orders as CSV by RFC 4180, but for line ends, which are those of a line of text here. */
#include "export.h"
#include "text.h"

#include <inttypes.h>

void export_put_csv(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            putc('"', out);
        }
        putc(*text, out);
    }
    putc('"', out);
}

static int put_drop(void *context, const slc_drop_info_t *drop)
{
    (void)context;
    (void)drop;
    return REPLAY_DONE;
}

static int put_order(void *context, const slc_order_info_t *order)
{
    FILE *out = context;
    char time[REPLAY_TIME_BYTES];
    (void)fprintf(out, "%" PRIu64 ",%" PRIu64 ",", order->drop_id, order->order_id);
    export_put_csv(out, order->user);
    (void)fprintf(out, ",%" PRIu64 ",%016" PRIx64 ",%" PRIu64 ",%s,%s,", order->quantity,
                  order->order_key, order->time_us, replay_time(order->time_us, time),
                  order->cancelled ? "cancelled" : "standing");
    if (order->cancelled) {
        (void)fprintf(out, "%" PRIu64 ",%" PRIu64 ",%s\n", order->cancel_sequence, order->cancel_time_us,
                      replay_time(order->cancel_time_us, time));
    } else {
        (void)fputs(",,\n", out);
    }
    return ferror(out) ? REPLAY_IO : REPLAY_DONE;
}

int export_csv(const slc_state_t *state, const replay_options_t *options, replay_target_t *target,
               export_counts_t *ret_counts)
{
    const export_sink_t sink = {.context = target->stream, .drop = put_drop, .order = put_order};
    (void)fputs("drop_id,order_id,user,quantity,order_key,time_us,time,status,cancel_sequence,"
                "cancel_time_us,cancel_time\n",
                target->stream);
    return export_walk(state, options, &sink, ret_counts);
}
