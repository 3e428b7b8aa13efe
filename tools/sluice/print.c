#include "print.h"

#include "phase.h"
#include "text.h"
#include "when.h"

#include <inttypes.h>
#include <string.h>

#define JSON_BOOL(value) ((value) ? "true" : "false")

/* ---- JSON ---- */

void sluice_print_json_drop(const slc_drop_info_t *drop, FILE *out)
{
    fprintf(out, "{\"drop_id\":%" PRIu64 ",\"name\":", drop->drop_id);
    sluice_text_json(out, drop->name);
    fprintf(out,
            ",\"stock\":%" PRIu64 ",\"sold\":%" PRIu64 ",\"remaining\":%" PRIu64
            ",\"per_user_limit\":%" PRIu64 ",\"opens_at_us\":%" PRIu64 ",\"closes_at_us\":%" PRIu64
            ",\"closed\":%s,\"orders\":%" PRIu64 ",\"cancelled\":%" PRIu64 "}",
            drop->stock, drop->sold, drop->remaining, drop->per_user_limit, drop->opens_at_us,
            drop->closes_at_us, JSON_BOOL(drop->closed), drop->orders, drop->cancelled);
}

static void json_order(const slc_order_info_t *order, FILE *out)
{
    fprintf(out, "{\"order_id\":%" PRIu64 ",\"drop_id\":%" PRIu64 ",\"user\":", order->order_id,
            order->drop_id);
    sluice_text_json(out, order->user);
    fprintf(out,
            ",\"quantity\":%" PRIu64 ",\"order_key\":\"%016" PRIx64 "\",\"time_us\":%" PRIu64
            ",\"cancelled\":%s}",
            order->quantity, order->order_key, order->time_us, JSON_BOOL(order->cancelled));
}

static void json_text_or_null(const char *text, FILE *out)
{
    if (text[0] == '\0') {
        (void)fputs("null", out);
    } else {
        sluice_text_json(out, text);
    }
}

void sluice_print_json_engine(const slc_engine_info_t *engine, FILE *out)
{
    fprintf(out,
            "{\"sequence\":%" PRIu64 ",\"applied_sequence\":%" PRIu64 ",\"digest\":\"%016" PRIx64
            "\",\"drops\":%" PRIu64 ",\"orders\":%" PRIu64 ",\"version\":",
            engine->applied_sequence, engine->applied_sequence, engine->digest, engine->drops,
            engine->orders);
    sluice_text_json(out, engine->version);
    (void)fputs(",\"durability\":", out);
    sluice_text_json(out, engine->durability);
    (void)fputs(",\"journal_method\":", out);
    sluice_text_json(out, engine->journal_method);
    fprintf(out,
            ",\"uptime_us\":%" PRIu64 ",\"connections\":%" PRIu64 ",\"read_only\":", engine->uptime_us,
            engine->connections);
    json_text_or_null(engine->read_only, out);
    fprintf(out,
            ",\"attempts_missing\":%" PRIu64 ",\"journal_bytes\":%" PRIu64
            ",\"journal_segments\":%" PRIu64 ",\"snapshot_sequence\":%" PRIu64
            ",\"snapshot_bytes\":%" PRIu64 ",\"snapshot_time_us\":%" PRIu64
            ",\"snapshots_written\":%" PRIu64 ",\"snapshots_failed\":%" PRIu64 ",\"snapshot_error\":",
            engine->attempts_missing, engine->journal_bytes, engine->journal_segments,
            engine->snapshot_sequence, engine->snapshot_bytes, engine->snapshot_time_us,
            engine->snapshots_written, engine->snapshots_failed);
    json_text_or_null(engine->snapshot_error, out);
    fprintf(out,
            ",\"restored_events\":%" PRIu64 ",\"buys_answered\":%" PRIu64 ",\"buys_refused\":%" PRIu64
            "}",
            engine->restored_events, engine->buys_answered, engine->buys_refused);
}

static void json_outcome(const sluice_command_t *command, const slc_control_reply_t *reply, FILE *out)
{
    fprintf(out, "{\"status\":\"%s\",\"message\":", slc_status_name((int)reply->status));
    sluice_text_json(out, reply->message);
    fprintf(out, ",\"replayed\":%s,\"sequence\":%" PRIu64 ",\"time_us\":%" PRIu64 ",\"op_key\":",
            JSON_BOOL(reply->replayed), reply->sequence, reply->time_us);
    if (command->is_change) {
        fprintf(out, "\"%016" PRIx64 "\"", command->request.op_key);
    } else {
        (void)fputs("null", out);
    }
    if (reply->drop.drop_id != 0) {
        (void)fputs(",\"drop\":", out);
        sluice_print_json_drop(&reply->drop, out);
    }
    if (reply->order.order_id != 0) {
        (void)fputs(",\"order\":", out);
        json_order(&reply->order, out);
    }
    (void)fputs("}", out);
}

static void json_reply(const sluice_command_t *command, const slc_control_reply_t *reply, FILE *out)
{
    slc_control_op_t op = command->request.op;
    if (reply->status == SLC_STATUS_ACCEPTED && op == SLC_CONTROL_GET_DROP) {
        sluice_print_json_drop(&reply->drop, out);
    } else if (reply->status == SLC_STATUS_ACCEPTED && op == SLC_CONTROL_GET_ORDER) {
        json_order(&reply->order, out);
    } else if (reply->status == SLC_STATUS_ACCEPTED && op == SLC_CONTROL_GET_STATUS) {
        sluice_print_json_engine(&reply->engine, out);
    } else {
        json_outcome(command, reply, out);
    }
    (void)fputs("\n", out);
}

/* ---- for people ---- */

static const char *state_now(const slc_drop_info_t *drop)
{
    return sluice_phase_name(sluice_phase_of(drop, sluice_when_now_us()));
}

static void line_number(FILE *out, const char *label, uint64_t value)
{
    fprintf(out, "%-18s%" PRIu64 "\n", label, value);
}

static void line_text(FILE *out, const char *label, const char *value)
{
    fprintf(out, "%-18s", label);
    sluice_text_print(out, value);
    (void)fputs("\n", out);
}

static void line_when(FILE *out, const char *label, uint64_t us)
{
    char text[SLUICE_WHEN_BYTES];
    sluice_when_write(us, text);
    line_text(out, label, text);
}

static void print_drop(const slc_drop_info_t *drop, FILE *out)
{
    line_number(out, "drop", drop->drop_id);
    line_text(out, "name", drop->name);
    line_text(out, "state", state_now(drop));
    line_number(out, "stock", drop->stock);
    line_number(out, "sold", drop->sold);
    line_number(out, "remaining", drop->remaining);
    if (drop->per_user_limit != 0) {
        line_number(out, "per user", drop->per_user_limit);
    }
    if (drop->opens_at_us != 0) {
        line_when(out, "opens at", drop->opens_at_us);
    }
    if (drop->closes_at_us != 0) {
        line_when(out, "closes at", drop->closes_at_us);
    }
    line_number(out, "orders", drop->orders);
    line_number(out, "cancelled", drop->cancelled);
}

static void print_order(const slc_order_info_t *order, FILE *out)
{
    line_number(out, "order", order->order_id);
    line_number(out, "drop", order->drop_id);
    line_text(out, "user", order->user);
    line_number(out, "quantity", order->quantity);
    fprintf(out, "%-18s%016" PRIx64 "\n", "order key", order->order_key);
    line_when(out, "time", order->time_us);
    line_text(out, "state", order->cancelled ? "cancelled" : "stands");
}

static void print_snapshot(const slc_engine_info_t *engine, FILE *out)
{
    if (engine->snapshot_sequence == 0) {
        line_text(out, "snapshot", "none yet");
    } else {
        char when[SLUICE_WHEN_BYTES];
        sluice_when_write(engine->snapshot_time_us, when);
        fprintf(out, "%-18sup to sequence %" PRIu64 ", %.1f MiB, %s\n", "snapshot",
                engine->snapshot_sequence, (double)engine->snapshot_bytes / 1048576.0, when);
    }
    if (engine->snapshot_error[0] != '\0') {
        line_text(out, "snapshot failed", engine->snapshot_error);
    }
}

static void print_engine(const slc_engine_info_t *engine, FILE *out)
{
    line_text(out, "version", engine->version);
    line_text(out, "sells", engine->read_only[0] == '\0' ? "yes" : engine->read_only);
    line_number(out, "sequence", engine->applied_sequence);
    fprintf(out, "%-18s%016" PRIx64 "\n", "digest", engine->digest);
    line_number(out, "drops", engine->drops);
    line_number(out, "orders", engine->orders);
    line_number(out, "buys answered", engine->buys_answered);
    line_number(out, "buys refused", engine->buys_refused);
    line_number(out, "connections", engine->connections);
    line_text(out, "durability", engine->durability);
    line_text(out, "journal method", engine->journal_method);
    line_number(out, "attempts missing", engine->attempts_missing);
    fprintf(out, "%-18s%.1f MiB in %" PRIu64 " segments\n", "journal",
            (double)engine->journal_bytes / 1048576.0, engine->journal_segments);
    print_snapshot(engine, out);
    fprintf(out, "%-18s%" PRIu64 ".%03u s\n", "uptime", engine->uptime_us / 1000000,
            (unsigned)(engine->uptime_us / 1000 % 1000));
}

static void print_reply(const sluice_command_t *command, const slc_control_reply_t *reply, FILE *out)
{
    if (command->is_change) {
        fprintf(out, "%s at sequence %" PRIu64 "\n", reply->replayed ? "was done before," : "done",
                reply->sequence);
    }
    if (command->request.op == SLC_CONTROL_TAKE_SNAPSHOT) {
        fprintf(out,
                command->wait ? "snapshot written, up to sequence %" PRIu64 "\n"
                              : "snapshot asked for, up to sequence %" PRIu64 " at least\n",
                reply->sequence);
    } else if (command->request.op == SLC_CONTROL_GET_STATUS) {
        print_engine(&reply->engine, out);
    } else if (reply->drop.drop_id != 0) {
        print_drop(&reply->drop, out);
    } else if (reply->order.order_id != 0) {
        print_order(&reply->order, out);
    }
}

void sluice_print_reply(const sluice_command_t *command, const slc_control_reply_t *reply, FILE *out)
{
    if (command->json) {
        json_reply(command, reply, out);
    } else if (reply->status == SLC_STATUS_ACCEPTED) {
        print_reply(command, reply, out);
    }
}

/* ---- lists ---- */

enum { COLUMN_ID, COLUMN_STOCK, COLUMN_SOLD, COLUMN_REMAINING, COLUMN_ORDERS, COLUMNS };

static const char *const HEADS[COLUMNS] = {"DROP", "STOCK", "SOLD", "REMAINING", "ORDERS"};

static uint64_t cell(const slc_drop_info_t *drop, int column)
{
    const uint64_t cells[COLUMNS] = {drop->drop_id, drop->stock, drop->sold, drop->remaining,
                                     drop->orders};
    return cells[column];
}

static void print_table(const slc_drop_info_t *drops, size_t count, FILE *out)
{
    int widths[COLUMNS];
    for (int column = 0; column < COLUMNS; column++) {
        widths[column] = (int)strlen(HEADS[column]);
        for (size_t i = 0; i < count; i++) {
            int width = snprintf(NULL, 0, "%" PRIu64, cell(&drops[i], column));
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (int column = 0; column < COLUMNS; column++) {
        fprintf(out, "%*s  ", widths[column], HEADS[column]);
    }
    fprintf(out, "%-11s  NAME\n", "STATE");
    for (size_t i = 0; i < count; i++) {
        for (int column = 0; column < COLUMNS; column++) {
            fprintf(out, "%*" PRIu64 "  ", widths[column], cell(&drops[i], column));
        }
        fprintf(out, "%-11s  ", state_now(&drops[i]));
        sluice_text_print(out, drops[i].name);
        (void)fputs("\n", out);
    }
}

void sluice_print_drops(const slc_drop_info_t *drops, size_t count, bool json, FILE *out)
{
    if (!json) {
        print_table(drops, count, out);
        return;
    }
    (void)fputs("{\"drops\":[", out);
    for (size_t i = 0; i < count; i++) {
        (void)fputs(i == 0 ? "" : ",", out);
        sluice_print_json_drop(&drops[i], out);
    }
    (void)fputs("]}\n", out);
}
