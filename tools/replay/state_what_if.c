/* replay state --what-if: the winners under other rules, and who differs. */
#include "../common/called.h"
#include "known.h"
#include "memory.h"
#include "progress.h"
#include "replay.h"
#include "text.h"
#include "what_if.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- who differs ---- */

static const what_if_user_t **pick(const what_if_users_t *users, bool gains, uint64_t *ret_count)
{
    /* An array of pointers. NOLINTNEXTLINE(bugprone-sizeof-expression) */
    const what_if_user_t **picked = replay_allocate((users->count + 1) * sizeof *picked);
    *ret_count = 0;
    for (uint64_t i = 0; i < users->count; i++) {
        const what_if_user_t *user = &users->users[i];
        if (gains ? user->units_would_be > user->units : user->units_would_be < user->units) {
            picked[(*ret_count)++] = user;
        }
    }
    return picked;
}

static int by_gain(const void *a, const void *b)
{
    uint64_t left = (*(const what_if_user_t *const *)a)->order_would_be;
    uint64_t right = (*(const what_if_user_t *const *)b)->order_would_be;
    return left < right ? -1 : left > right;
}

static int by_loss(const void *a, const void *b)
{
    uint64_t left = (*(const what_if_user_t *const *)a)->order_id;
    uint64_t right = (*(const what_if_user_t *const *)b)->order_id;
    return left < right ? -1 : left > right;
}

static void print_side(const what_if_users_t *users, bool gains, bool json)
{
    uint64_t count;
    const what_if_user_t **picked = pick(users, gains, &count);
    /* Of pointers, as well. NOLINTNEXTLINE(bugprone-sizeof-expression) */
    qsort(picked, count, sizeof *picked, gains ? by_gain : by_loss);
    if (json) {
        printf(",\"%s\":[", gains ? "would_gain" : "would_lose");
    } else {
        printf("  would %s: %" PRIu64 " user%s\n", gains ? "gain" : "lose", count, count == 1 ? "" : "s");
    }
    for (uint64_t i = 0; i < count; i++) {
        const what_if_user_t *user = picked[i];
        if (json) {
            printf("%s{\"user\":", i == 0 ? "" : ",");
            replay_put_quoted(stdout, replay_text(user->name));
            printf(",\"units\":%" PRIu64 ",\"units_would_be\":%" PRIu64 "}", user->units,
                   user->units_would_be);
        } else {
            fputs("    ", stdout);
            replay_put_quoted(stdout, replay_text(user->name));
            printf("  %" PRIu64 " -> %" PRIu64 "\n", user->units, user->units_would_be);
        }
    }
    if (json) {
        putchar(']');
    }
    free(picked);
}

/* ---- drops ---- */

static void print_numbers(const char *name, const slc_drop_info_t *drop, uint64_t winners, bool json)
{
    if (json) {
        printf(",\"%s\":{\"stock\":%" PRIu64 ",\"per_user_limit\":%" PRIu64 ",\"sold\":%" PRIu64
               ",\"remaining\":%" PRIu64 ",\"orders\":%" PRIu64 ",\"cancelled\":%" PRIu64
               ",\"winners\":%" PRIu64 "}",
               name, drop->stock, drop->per_user_limit, drop->sold, drop->remaining, drop->orders,
               drop->cancelled, winners);
    } else {
        printf("  %-9s stock %" PRIu64 ", per user %" PRIu64 ": sold %" PRIu64 ", left %" PRIu64
               ", %" PRIu64 " winners\n",
               name, drop->stock, drop->per_user_limit, drop->sold, drop->remaining, winners);
    }
}

static void print_drop(const what_if_t *what_if, const slc_state_t *actual, const slc_drop_info_t *drop,
                       bool json, const char *separator)
{
    slc_drop_info_t would_be = {0};
    what_if_users_t users;
    (void)slc_state_drop(what_if->state, drop->drop_id, &would_be);
    what_if_compare(what_if, actual, drop->drop_id, &users);
    if (json) {
        printf("%s{\"drop_id\":%" PRIu64 ",\"name\":", separator, drop->drop_id);
    } else {
        printf("drop %" PRIu64 " ", drop->drop_id);
    }
    replay_put_quoted(stdout, replay_text(drop->name));
    if (!json) {
        putchar('\n');
    }
    print_numbers(json ? "actual" : "was:", drop, users.winners, json);
    print_numbers(json ? "would_be" : "would be:", &would_be, users.winners_would_be, json);
    print_side(&users, true, json);
    print_side(&users, false, json);
    if (json) {
        putchar('}');
    }
    what_if_users_finish(&users);
}

static void print_all(const replay_options_t *options, const what_if_t *what_if, const slc_told_t *told,
                      const slc_state_t *actual)
{
    slc_drop_info_t drop = {0};
    const char *separator = "";
    if (options->json) {
        fputs("{\"drops\":[", stdout);
    }
    while (slc_state_next_drop(actual, drop.drop_id, &drop)) {
        if (options->drop_id == 0 || options->drop_id == drop.drop_id) {
            print_drop(what_if, actual, &drop, options->json, separator);
            separator = ",";
        }
    }
    if (options->json) {
        printf("],\"changes_refused\":%" PRIu64 ",", what_if->refused);
        replay_put_known_json(stdout, told);
        puts("}");
        return;
    }
    printf("\nknown: events up to %" PRIu64 "\n", told->sequence);
    replay_put_known(stdout, "known: ", told);
    if (what_if->refused > 0) {
        printf("note: %" PRIu64 " changes by operators would have been refused\n", what_if->refused);
    }
}

/* ---- the command ---- */

static int answer(const replay_options_t *options, what_if_t *what_if, const slc_told_t *told,
                  const slc_state_t *actual)
{
    slc_drop_info_t drop;
    if (options->drop_id != 0 && !slc_state_drop(actual, options->drop_id, &drop)) {
        called_say("replay", "replay: drop %" PRIu64 " does not exist; replay state %s lists the drops\n",
                   options->drop_id, options->directory);
        return REPLAY_USAGE;
    }
    what_if_end(what_if, actual);
    print_all(options, what_if, told, actual);
    return REPLAY_DONE;
}

int replay_what_if(const replay_options_t *options)
{
    slc_error_t error = {0};
    replay_progress_t progress;
    slc_told_t told;
    slc_state_t *actual = NULL;
    what_if_t what_if = {0};
    what_if_rules_t rules;
    const char *wrong = what_if_parse(options->what_if, &rules);
    if (wrong != NULL) {
        called_say("replay", "replay state: --what-if %s; see replay state --help\n", wrong);
        return REPLAY_USAGE;
    }
    rules.drop_id = options->drop_id;
    what_if_begin(&what_if, &rules);
    const slc_listener_t listener = what_if_listener(&what_if);
    replay_progress_begin(&progress, "selling again");
    slc_err_t code = slc_history_read(options->directory, options->until, &listener,
                                      replay_progress_update, &progress, &told, &actual, &error);
    replay_progress_end(&progress);
    int exit_code = code == SLC_OK ? answer(options, &what_if, &told, actual) : replay_fail(&error);
    slc_state_destroy(actual);
    what_if_finish(&what_if);
    return replay_flush(exit_code);
}
