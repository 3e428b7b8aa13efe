/* What tests/e2e/package_test.py compiles against the installed library: its argument is the buyers'
 * address of a server that sells drop 1. A ring carries the quantities that are then bought. */
#include <sluice/build.h>
#include <sluice/client.h>
#include <sluice/disruptor.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct sum {
    slc_ring_t *ring;
    uint64_t units;
} sum_t;

static int64_t add(void *context, uint64_t first, uint64_t count)
{
    sum_t *sum = context;
    for (uint64_t sequence = first; sequence < first + count; sequence++) {
        sum->units += *(const uint64_t *)slc_ring_slot(sum->ring, sequence);
    }
    return (int64_t)count;
}

/* 1 + 2 + 3, by way of a ring; 0 where that went wrong. */
static uint64_t quantity_of_ring(void)
{
    slc_error_t error;
    slc_ring_config_t config = {
        .slots = 4, .slot_bytes = sizeof(uint64_t), .producers = SLC_PRODUCER_SINGLE};
    slc_ring_t *ring = slc_ring_create(&config, &error);
    slc_consumer_t *consumer = ring == NULL ? NULL : slc_consumer_create(ring, NULL, 0, &error);
    uint64_t first = 0;
    sum_t sum = {.ring = ring, .units = 0};
    if (consumer != NULL) {
        slc_ring_gate(ring, consumer);
    }
    if (consumer != NULL && slc_ring_try_claim(ring, 3, &first)) {
        for (uint64_t i = 0; i < 3; i++) {
            *(uint64_t *)slc_ring_slot(ring, first + i) = i + 1;
        }
        slc_ring_publish(ring, first, 3);
        (void)slc_consumer_poll(consumer, add, &sum);
    }
    slc_ring_destroy(ring);
    return sum.units;
}

int main(int argc, char **argv)
{
    slc_error_t error;
    slc_client_t *client = NULL;
    if (argc != 2 || slc_client_connect(argv[1], "package", NULL, 20000, &client, &error) != SLC_OK) {
        return 1;
    }
    slc_buy_t buy = {.request_id = 7, .drop_id = 1, .quantity = quantity_of_ring(), .user = {"ada", 3}};
    slc_buy_reply_t reply;
    slc_err_t err = slc_client_buy(client, &buy, &reply, &error);
    if (err == SLC_OK) {
        printf("%s %s %" PRIu64 " left\n", slc_build_version(), slc_status_name(reply.status),
               reply.remaining);
    }
    slc_client_close(client);
    return err == SLC_OK ? 0 : 1;
}
