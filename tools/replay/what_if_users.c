/* Who holds what in two states: two lists by name, merged. */
#include "memory.h"
#include "what_if.h"

#include <stdlib.h>
#include <string.h>

/* Every standing order of a drop, with a copy of its user's name. */
static void add_orders(what_if_users_t *list, const slc_state_t *state, uint64_t drop_id, bool would_be)
{
    slc_order_info_t order = {0};
    while (slc_state_next_order(state, drop_id, order.order_id, &order)) {
        if (order.cancelled) {
            continue;
        }
        size_t bytes = strlen(order.user) + 1;
        char *name = malloc(bytes);
        if (name == NULL) {
            replay_out_of_memory();
        }
        memcpy(name, order.user, bytes);
        list->users = replay_grow(list->users, &list->capacity, list->count + 1, sizeof *list->users);
        list->users[list->count++] = (what_if_user_t){
            .name = name,
            .units = would_be ? 0 : order.quantity,
            .units_would_be = would_be ? order.quantity : 0,
            .order_id = would_be ? 0 : order.order_id,
            .order_would_be = would_be ? order.order_id : 0,
        };
    }
}

static int by_name(const void *a, const void *b)
{
    const what_if_user_t *left = a;
    const what_if_user_t *right = b;
    return strcmp(left->name, right->name);
}

static uint64_t first_of(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* One entry a user. */
static void merge(what_if_users_t *list)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < list->count; i++) {
        what_if_user_t *user = &list->users[i];
        what_if_user_t *into = kept > 0 ? &list->users[kept - 1] : NULL;
        if (into == NULL || strcmp(into->name, user->name) != 0) {
            list->users[kept++] = *user;
            continue;
        }
        into->units += user->units;
        into->units_would_be += user->units_would_be;
        into->order_id = first_of(into->order_id, user->order_id);
        into->order_would_be = first_of(into->order_would_be, user->order_would_be);
        free(user->name);
    }
    list->count = kept;
}

void what_if_compare(const what_if_t *what_if, const slc_state_t *actual, uint64_t drop_id,
                     what_if_users_t *ret_users)
{
    *ret_users = (what_if_users_t){0};
    add_orders(ret_users, actual, drop_id, false);
    add_orders(ret_users, what_if->state, drop_id, true);
    if (ret_users->count > 0) {
        qsort(ret_users->users, ret_users->count, sizeof *ret_users->users, by_name);
    }
    merge(ret_users);
    for (uint64_t i = 0; i < ret_users->count; i++) {
        ret_users->winners += ret_users->users[i].units > 0;
        ret_users->winners_would_be += ret_users->users[i].units_would_be > 0;
    }
}

void what_if_users_finish(what_if_users_t *users)
{
    for (uint64_t i = 0; i < users->count; i++) {
        free(users->users[i].name);
    }
    free(users->users);
}
