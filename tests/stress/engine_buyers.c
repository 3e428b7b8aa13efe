/* The buyers of stress-engine: windows of requests in flight, keys asked twice, drops that pass by. */
#include "engine_stress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A request's number says what it was about. */
#define PASSING FAIR_DROPS

typedef struct request {
    uint32_t drop; /* index, or PASSING */
    uint64_t user;
} request_t;

typedef struct visit {
    buyer_t *buyer;
    slc_client_t *client;
    uint64_t state; /* of the random numbers */
    uint64_t number;
    uint64_t in_flight;
    uint64_t again; /* the request that is asked a second time, with its key; 0: none */
    bool gone[FAIR_DROPS];
} visit_t;

uint64_t fair_drop(const fair_t *fair, uint32_t index)
{
    return 100 * (fair->life + 1) + index;
}

void fair_user(uint64_t user, char name[FAIR_NAME_BYTES])
{
    (void)snprintf(name, FAIR_NAME_BYTES, "u%" PRIu64, user);
}

void fair_nap_us(uint64_t us)
{
    struct timespec nap = {.tv_nsec = (long)(us * 1000)};
    (void)nanosleep(&nap, NULL); /* cut short by a signal: no harm */
}

static uint64_t pack(const request_t *request)
{
    return (request->user + 1) << 3 | request->drop;
}

static request_t unpack(uint64_t id)
{
    return (request_t){.drop = (uint32_t)(id & 7), .user = (id >> 3) - 1};
}

static bool is_over(const visit_t *visit)
{
    for (uint32_t i = 0; i < FAIR_DROPS; i++) {
        if (!visit->gone[i]) {
            return false;
        }
    }
    return atomic_load_explicit(&visit->buyer->fair->asked, memory_order_relaxed) >=
           visit->buyer->fair->buys;
}

static void send_one(visit_t *visit)
{
    const fair_t *fair = visit->buyer->fair;
    slc_error_t error = {0};
    char name[FAIR_NAME_BYTES];
    uint64_t draw = stress_random(&visit->state);
    request_t request = {.drop = (uint32_t)(draw >> 8) % FAIR_DROPS,
                         .user = (draw >> 32) % (fair->stock * 2)};
    uint64_t passing = atomic_load_explicit(&fair->passing, memory_order_relaxed);
    if (draw % 16 == 0 && passing != 0) {
        request.drop = PASSING;
    }
    uint64_t key = 0;
    visit->number++;
    if (request.drop != PASSING && draw % 16 == 1) {
        visit->again = pack(&request); /* the first of two */
        key = visit->number * FAIR_BUYERS + visit->buyer->number + 1;
    } else if (visit->again != 0) {
        request = unpack(visit->again);
        visit->again = 0;
        key = (visit->number - 1) * FAIR_BUYERS + visit->buyer->number + 1;
    }
    fair_user(request.user, name);
    slc_buy_t buy = {
        .request_id = pack(&request),
        .drop_id = request.drop == PASSING ? passing : fair_drop(fair, request.drop),
        .order_key = key,
        .quantity = 1,
        .user = {name, strlen(name)},
    };
    slc_err_t err = slc_client_send(visit->client, &buy, &error);
    STRESS_EXPECT(err == SLC_OK, "a BUY: %s", error.message);
    visit->in_flight++;
    atomic_fetch_add_explicit(&visit->buyer->fair->asked, 1, memory_order_relaxed);
}

static void keep_winner(buyer_t *buyer, const request_t *request, uint64_t order_id)
{
    if (buyer->winner_count == buyer->room) {
        buyer->room = buyer->room == 0 ? 1024 : buyer->room * 2;
        winner_t *more = realloc(buyer->winners, buyer->room * sizeof *more);
        STRESS_EXPECT(more != NULL, "no memory for the winners");
        buyer->winners = more;
    }
    buyer->winners[buyer->winner_count++] =
        (winner_t){order_id, fair_drop(buyer->fair, request->drop), request->user};
}

static void hear_one(visit_t *visit)
{
    buyer_t *buyer = visit->buyer;
    slc_error_t error = {0};
    slc_buy_reply_t reply;
    slc_err_t err = slc_client_receive(visit->client, &reply, &error);
    STRESS_EXPECT(err == SLC_OK, "a reply: %s", error.message);
    STRESS_EXPECT(reply.status > SLC_STATUS_UNSPECIFIED && reply.status < SLC_STATUS_COUNT, "status %d",
                  (int)reply.status);
    request_t request = unpack(reply.request_id);
    buyer->heard[reply.status]++;
    visit->in_flight--;
    atomic_fetch_add_explicit(buyer->fair->heard, 1, memory_order_relaxed);
    if (request.drop == PASSING) {
        if (reply.status == SLC_STATUS_ACCEPTED) {
            atomic_store_explicit(&buyer->fair->regretted, reply.order_id, memory_order_relaxed);
        }
    } else if (reply.status == SLC_STATUS_ACCEPTED && !reply.replayed) {
        keep_winner(buyer, &request, reply.order_id);
    } else if (reply.status == SLC_STATUS_SOLD_OUT) {
        visit->gone[request.drop] = true;
    }
}

void *buyer_main(void *context)
{
    buyer_t *buyer = context;
    slc_error_t error = {0};
    visit_t visit = {.buyer = buyer, .state = stress_seed(buyer->fair->seeds + buyer->number)};
    slc_err_t err =
        slc_client_connect(buyer->fair->living->listen, "stress", NULL, 0, &visit.client, &error);
    STRESS_EXPECT(err == SLC_OK, "a buyer: %s", error.message);
    while (!is_over(&visit)) {
        while (visit.in_flight < buyer->window) {
            send_one(&visit);
        }
        err = slc_client_flush(visit.client, &error);
        STRESS_EXPECT(err == SLC_OK, "a flush: %s", error.message);
        for (uint64_t count = 1 + stress_random(&visit.state) % visit.in_flight; count > 0; count--) {
            hear_one(&visit);
        }
        if (buyer->window == 1) {
            fair_nap_us(stress_random(&visit.state) % 200); /* stations fall asleep, turns are lent */
        }
    }
    while (visit.in_flight > 0) {
        hear_one(&visit);
    }
    slc_client_close(visit.client);
    return NULL;
}
