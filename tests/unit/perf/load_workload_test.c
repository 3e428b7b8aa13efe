#include "../../../perf/load/workload.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static load_workload_t workload;

static void start(void)
{
    memset(&workload, 0, sizeof workload);
    workload.drop_count = 3;
    workload.drops[0] = (load_drop_t){.drop_id = 7, .weight = 1};
    workload.drops[1] = (load_drop_t){.drop_id = 8, .weight = 5};
    workload.drops[2] = (load_drop_t){.drop_id = 9, .weight = 14};
    workload.keys = true;
    workload.users = 1000;
    workload.seed = 42;
    load_workload_prepare(&workload);
}

TestSuite(load_workload, .init = start);

Test(load_workload, a_request_is_a_function_of_seed_and_number)
{
    load_request_t first;
    load_request_t again;
    load_request_t other;
    load_workload_request(&workload, 123456, &first);
    load_workload_request(&workload, 123456, &again);
    cr_assert(memcmp(&first.user, &again.user, LOAD_USER_BYTES) == 0);
    cr_assert(first.drop == again.drop && first.order_key == again.order_key);
    workload.seed = 43;
    load_workload_request(&workload, 123456, &other);
    cr_assert(first.order_key != other.order_key);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

Test(load_workload, no_two_requests_share_a_key)
{
    enum { REQUESTS = 500000 };
    uint64_t *keys = malloc(REQUESTS * sizeof *keys);
    cr_assert(keys != NULL);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        load_request_t request;
        load_workload_request(&workload, i, &request);
        keys[i] = request.order_key;
    }
    qsort(keys, REQUESTS, sizeof *keys, compare);
    cr_assert(keys[0] != 0);
    for (size_t i = 1; i < REQUESTS; i++) {
        cr_assert(keys[i] != keys[i - 1]);
    }
    free(keys);
}

Test(load_workload, drops_get_their_shares_and_users_are_as_many_as_asked_for)
{
    enum { REQUESTS = 200000 };
    static bool seen[1000];
    uint64_t counts[3] = {0};
    uint64_t users = 0;
    for (uint64_t i = 0; i < REQUESTS; i++) {
        load_request_t request;
        load_workload_request(&workload, i, &request);
        cr_assert(request.drop < 3);
        counts[request.drop]++;
        char text[LOAD_USER_BYTES + 1] = {0};
        memcpy(text, request.user, LOAD_USER_BYTES);
        cr_assert(text[0] == 'u' && strspn(text + 1, "0123456789") == 10, "%s", text);
        unsigned long user = strtoul(text + 1, NULL, 10);
        cr_assert(user < 1000);
        users += seen[user] ? 0 : 1;
        seen[user] = true;
    }
    cr_assert(users == 1000);
    /* 1, 5 and 14 of 20, give or take a tenth. */
    cr_assert(counts[0] > 9000 && counts[0] < 11000);
    cr_assert(counts[1] > 45000 && counts[1] < 55000);
    cr_assert(counts[2] > 126000 && counts[2] < 154000);
}

Test(load_workload, without_keys_there_are_none)
{
    workload.keys = false;
    for (uint64_t i = 0; i < 100; i++) {
        load_request_t request;
        load_workload_request(&workload, i, &request);
        cr_assert(request.order_key == 0);
    }
}

/* With the exponent 1 and three drops the shares are 6, 3 and 2 of 11. */
Test(load_workload, zipf_gives_the_second_drop_half_of_the_first)
{
    enum { REQUESTS = 220000 };
    uint64_t counts[3] = {0};
    load_workload_zipf(&workload, 1);
    load_workload_prepare(&workload);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        load_request_t request;
        load_workload_request(&workload, i, &request);
        counts[request.drop]++;
    }
    cr_assert(counts[0] > 118000 && counts[0] < 122000, "%llu", (unsigned long long)counts[0]);
    cr_assert(counts[1] > 58500 && counts[1] < 61500, "%llu", (unsigned long long)counts[1]);
    cr_assert(counts[2] > 38500 && counts[2] < 41500, "%llu", (unsigned long long)counts[2]);
}
