/* The answer of explain: a table with a sentence for people, or JSON. */
#include "explain.h"
#include "known.h"
#include "text.h"

#include <inttypes.h>

/* ---- for people ---- */

static const char *ending(uint64_t number)
{
    uint64_t last = number % 10;
    if (number / 10 % 10 == 1 || last == 0 || last > 3) {
        return "th";
    }
    return last == 1 ? "st" : last == 2 ? "nd" : "rd";
}

static void put_why(const explain_row_t *row)
{
    switch (row->status) {
    case SLC_STATUS_ACCEPTED:
        printf(row->replayed ? "order %" PRIu64 " again, under the same key" : "order %" PRIu64,
               row->order_id);
        if (row->win > 0) {
            printf(", the %" PRIu64 "%s to win", row->win, ending(row->win));
        }
        return;
    case SLC_STATUS_SOLD_OUT:
        printf("%" PRIu64 " wanted, %" PRIu64 " left", row->quantity, row->left);
        return;
    case SLC_STATUS_LIMIT_EXCEEDED:
        printf("%" PRIu64 " wanted, %" PRIu64 " held, %" PRIu64 " allowed", row->quantity, row->held,
               row->limit);
        return;
    case SLC_STATUS_CONFLICT:
        fputs("the same order key had bought another quantity", stdout);
        return;
    case SLC_STATUS_CANCELLED:
        printf("order %" PRIu64 " under the same key was cancelled before", row->order_id);
        return;
    case SLC_STATUS_UNKNOWN_DROP:
        fputs("there was no such drop then", stdout);
        return;
    case SLC_STATUS_NOT_OPEN:
        fputs("too early", stdout);
        return;
    case SLC_STATUS_CLOSED:
        fputs("too late", stdout);
        return;
    case SLC_STATUS_UNSPECIFIED:
    case SLC_STATUS_INVALID:
    case SLC_STATUS_OVERLOADED:
    case SLC_STATUS_UNAUTHENTICATED:
    case SLC_STATUS_FORBIDDEN:
    case SLC_STATUS_NOT_LEADER:
    case SLC_STATUS_READ_ONLY:
    default:
        fputs("refused", stdout);
        return;
    }
}

static void put_fact(const explain_row_t *row)
{
    switch (row->kind) {
    case EXPLAIN_OPENED:
        fputs("the drop is opened", stdout);
        return;
    case EXPLAIN_ADJUSTED:
        printf("stock %+" PRId64 " by an operator", row->delta);
        return;
    case EXPLAIN_CLOSED:
        fputs("the drop is closed by an operator", stdout);
        return;
    case EXPLAIN_PURGED:
        fputs("the drop is purged; a later one of this number is another", stdout);
        return;
    case EXPLAIN_SOLD_OUT:
        printf("the last unit goes, to order %" PRIu64, row->order_id);
        return;
    case EXPLAIN_CANCELLED:
        printf("order %" PRIu64 " is cancelled by an operator", row->order_id);
        return;
    case EXPLAIN_ATTEMPT:
        printf("%s: ", slc_status_name((int)row->status) + sizeof "STATUS");
        put_why(row);
        return;
    }
}

static void put_number(uint64_t number, bool is_known, int width)
{
    if (is_known) {
        printf("%*" PRIu64, width, number);
    } else {
        printf("%*s", width, "-");
    }
}

static void print_row(const explain_row_t *row)
{
    char time[REPLAY_TIME_BYTES];
    char event[24];
    bool is_attempt = row->kind == EXPLAIN_ATTEMPT;
    (void)snprintf(event, sizeof event, "%s%" PRIu64, row->source == EXPLAIN_LOG ? ">" : "",
                   row->sequence);
    put_number(row->place, row->place > 0, 9);
    printf("  %-27s  %11s", replay_time(row->time_us, time), event);
    put_number(row->left, row->left_is_known && (is_attempt || row->kind == EXPLAIN_ADJUSTED), 11);
    put_number(row->quantity, is_attempt || row->kind == EXPLAIN_CANCELLED, 8);
    fputs("  ", stdout);
    put_fact(row);
    putchar('\n');
}

/* Why it was lost, from what decided it. */
static void print_reason(const explain_t *explain)
{
    const explain_row_t *row = explain_decisive(explain);
    const explain_drop_t *drop = &explain->drop;
    char time[REPLAY_TIME_BYTES];
    if (row == NULL || explain->units > 0 || explain->cancelled > 0) {
        return;
    }
    printf("the first attempt");
    if (row->place > 0) {
        printf(" was at place %" PRIu64 "%s of %" PRIu64 " and", row->place,
               replay_knows_all(&explain->told) ? "" : " or later", drop->line);
    }
    printf(" was refused, %s: ", slc_status_name((int)row->status) + sizeof "STATUS");
    put_why(row);
    putchar('\n');
    if (row->status == SLC_STATUS_SOLD_OUT && drop->sold_out_time_us > 0 &&
        drop->sold_out_sequence <= row->sequence) {
        printf("the drop had sold out %.6f s before, at %s, with order %" PRIu64 "\n",
               (double)(row->time_us - drop->sold_out_time_us) / 1e6,
               replay_time(drop->sold_out_time_us, time), drop->sold_out_sequence);
    }
}

static void print_head(const explain_t *explain)
{
    const explain_drop_t *drop = &explain->drop;
    printf("drop %" PRIu64 " ", explain->drop_id);
    if (drop->exists) {
        replay_put_quoted(stdout, replay_text(drop->info.name));
        printf(": stock %" PRIu64 ", %" PRIu64 " left, %" PRIu64 " orders won, %" PRIu64
               " attempts in line%s",
               drop->info.stock, drop->remaining, drop->accepted, drop->line,
               replay_knows_all(&explain->told) ? "" : " at least");
        if (drop->info.per_user_limit > 0) {
            printf(", at most %" PRIu64 " units a user", drop->info.per_user_limit);
        }
    } else {
        fputs("is not there (any more)", stdout);
    }
    fputs("\nuser ", stdout);
    replay_put_quoted(stdout, explain->user);
    printf(": %s", explain_verdict(explain));
    if (explain->units > 0) {
        printf(", holds %" PRIu64 " unit%s in %" PRIu64 " order%s", explain->units,
               explain->units == 1 ? "" : "s", explain->orders, explain->orders == 1 ? "" : "s");
    } else if (explain->attempts == 0 && !replay_knows_all(&explain->told)) {
        fputs(", as far as is known", stdout);
    }
    putchar('\n');
}

void explain_print(const explain_t *explain, uint64_t from)
{
    print_head(explain);
    print_reason(explain);
    printf("\n%9s  %-27s  %11s%11s%8s  %s\n", "PLACE", "TIME", "EVENT", "LEFT", "WANTED", "WHAT");
    for (uint64_t i = 0; i < explain->count; i++) {
        if (explain->rows[i].sequence >= from) {
            print_row(&explain->rows[i]);
        }
    }
    putchar('\n');
    printf("known: events up to %" PRIu64 "\n", explain->told.sequence);
    replay_put_known(stdout, "known: ", &explain->told);
}

/* ---- JSON ---- */

static const char *kind_name(explain_kind_t kind)
{
    static const char *const names[] = {
        [EXPLAIN_OPENED] = "DROP_OPENED", [EXPLAIN_ADJUSTED] = "STOCK_ADJUSTED",
        [EXPLAIN_CLOSED] = "DROP_CLOSED", [EXPLAIN_PURGED] = "DROP_PURGED",
        [EXPLAIN_SOLD_OUT] = "SOLD_OUT",  [EXPLAIN_CANCELLED] = "ORDER_CANCELLED",
        [EXPLAIN_ATTEMPT] = "ATTEMPT",
    };
    return names[kind];
}

static const char *source_name(explain_source_t source)
{
    return source == EXPLAIN_LOG ? "attempts log" : source == EXPLAIN_SNAPSHOT ? "snapshot" : "journal";
}

static void put_or_null(const char *name, uint64_t number, bool is_known)
{
    if (is_known) {
        printf(",\"%s\":%" PRIu64, name, number);
    } else {
        printf(",\"%s\":null", name);
    }
}

static void print_row_json(const explain_row_t *row)
{
    printf("{\"type\":\"%s\",\"source\":\"%s\",\"sequence\":%" PRIu64 ",\"time_us\":%" PRIu64,
           kind_name(row->kind), source_name(row->source), row->sequence, row->time_us);
    if (row->kind == EXPLAIN_ATTEMPT) {
        put_or_null("place", row->place, row->place > 0);
        put_or_null("left", row->left, row->left_is_known);
        put_or_null("win", row->win, row->win > 0);
        put_or_null("held", row->held, true);
        put_or_null("quantity", row->quantity, true);
        printf(",\"order_key\":\"%016" PRIx64 "\",\"status\":\"%s\",\"replayed\":%s", row->order_key,
               slc_status_name((int)row->status), row->replayed ? "true" : "false");
        put_or_null("order_id", row->order_id, row->order_id > 0);
    } else if (row->kind == EXPLAIN_ADJUSTED) {
        printf(",\"delta\":%" PRId64, row->delta);
    } else if (row->kind == EXPLAIN_CANCELLED || row->kind == EXPLAIN_SOLD_OUT) {
        put_or_null("order_id", row->order_id, true);
    }
    putchar('}');
}

void explain_print_json(const explain_t *explain, uint64_t from)
{
    const explain_drop_t *drop = &explain->drop;
    const char *separator = "";
    printf("{\"drop_id\":%" PRIu64 ",\"user\":", explain->drop_id);
    replay_put_quoted(stdout, explain->user);
    printf(",\"verdict\":\"%s\",\"units\":%" PRIu64 ",\"orders\":%" PRIu64 ",\"attempts\":%" PRIu64
           ",\"cancelled\":%" PRIu64 ",\"drop\":",
           explain_verdict(explain), explain->units, explain->orders, explain->attempts,
           explain->cancelled);
    if (drop->exists) {
        fputs("{\"name\":", stdout);
        replay_put_quoted(stdout, replay_text(drop->info.name));
        printf(",\"stock\":%" PRIu64 ",\"remaining\":%" PRIu64 ",\"per_user_limit\":%" PRIu64
               ",\"closed\":%s,\"orders\":%" PRIu64 ",\"attempts\":%" PRIu64,
               drop->info.stock, drop->remaining, drop->info.per_user_limit,
               drop->info.closed ? "true" : "false", drop->accepted, drop->line);
        put_or_null("sold_out_sequence", drop->sold_out_sequence, drop->sold_out_time_us > 0);
        put_or_null("sold_out_time_us", drop->sold_out_time_us, drop->sold_out_time_us > 0);
        putchar('}');
    } else {
        fputs("null", stdout);
    }
    printf(",\"place_is_exact\":%s,\"rows\":[", replay_knows_all(&explain->told) ? "true" : "false");
    for (uint64_t i = 0; i < explain->count; i++) {
        if (explain->rows[i].sequence >= from) {
            fputs(separator, stdout);
            print_row_json(&explain->rows[i]);
            separator = ",";
        }
    }
    fputs("],", stdout);
    replay_put_known_json(stdout, &explain->told);
    puts("}");
}
