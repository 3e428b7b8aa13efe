#include "tally.h"

typedef unsigned long long ull_t;

const char *peer_tally_wrong(const peer_tally_t *tally, const peer_books_t *books, uint64_t stock,
                             bool has_stock)
{
    uint64_t answered = tally->accepted + tally->refused;
    uint64_t due = !has_stock || tally->asked < stock ? tally->asked : stock;
    if (answered == 0) {
        return "nothing was answered";
    }
    if (answered != tally->asked) {
        return "not every request was answered once";
    }
    if (tally->accepted != due) {
        return "not as many were accepted as stock and demand allow";
    }
    if (books->orders != tally->accepted) {
        return "not as many orders are on record as were accepted";
    }
    if (has_stock && books->left != stock - tally->accepted) {
        return "the stock that is left is not what was not sold";
    }
    return NULL;
}

static double quantile_us(const peer_tally_t *tally, double fraction)
{
    return (double)load_histogram_quantile(&tally->latency_ns, fraction) / 1000;
}

void peer_tally_print(const peer_tally_t *tally, const peer_books_t *books, const char *wrong, bool json,
                      FILE *out)
{
    uint64_t answered = tally->accepted + tally->refused;
    double seconds =
        tally->ended_ns > tally->begun_ns ? (double)(tally->ended_ns - tally->begun_ns) / 1e9 : 0;
    double rate = seconds > 0 ? (double)answered / seconds : 0;
    if (json) {
        (void)fprintf(out,
                      "{\"answered\": %llu, \"accepted\": %llu, \"sold_out\": %llu, \"orders\": %llu, "
                      "\"seconds\": %.6f, \"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
                      "\"p999_us\": %.1f, \"max_us\": %.1f, \"ok\": %s}\n",
                      (ull_t)answered, (ull_t)tally->accepted, (ull_t)tally->refused,
                      (ull_t)books->orders, seconds, rate, quantile_us(tally, 0.5),
                      quantile_us(tally, 0.99), quantile_us(tally, 0.999), quantile_us(tally, 1),
                      wrong == NULL ? "true" : "false");
    } else {
        (void)fprintf(out,
                      "%llu answered in %.3f s: %.0f/s, %llu accepted\n"
                      "latency in us: p50 %.0f  p99 %.0f  p99.9 %.0f  max %.0f\n%s\n",
                      (ull_t)answered, seconds, rate, (ull_t)tally->accepted, quantile_us(tally, 0.5),
                      quantile_us(tally, 0.99), quantile_us(tally, 0.999), quantile_us(tally, 1),
                      wrong == NULL ? "the sums are right" : wrong);
    }
}
