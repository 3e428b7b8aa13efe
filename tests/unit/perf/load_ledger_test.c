#include "../../../perf/load/ledger.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static load_workload_t workload;

static const load_request_t REQUEST = {.drop = 0, .order_key = 0xfeed, .user = "u0000000042"};

static void start(void)
{
    workload.drop_count = 1;
    workload.drops[0].drop_id = 12;
    workload.quantity = 0;
}

TestSuite(load_ledger, .init = start);

Test(load_ledger, a_line_tells_what_was_heard)
{
    int ends[2];
    load_ledger_t ledger;
    cr_assert(pipe(ends) == 0);
    cr_assert(load_ledger_init(&ledger, ends[1]));
    slc_buy_reply_t reply = {.order_id = UINT64_MAX, .sequence = 901, .replayed = true};
    load_ledger_add(&ledger, &workload, &REQUEST, &reply);
    reply = (slc_buy_reply_t){.order_id = 0, .sequence = 7};
    workload.quantity = 3;
    load_ledger_add(&ledger, &workload, &REQUEST, &reply);
    load_ledger_flush(&ledger);
    cr_assert(ledger.error == 0);
    load_ledger_finish(&ledger);
    char text[512] = {0};
    cr_assert(read(ends[0], text, sizeof text - 1) > 0);
    cr_assert_str_eq(text, "18446744073709551615\t12\tu0000000042\t1\t000000000000feed\t901\t1\n"
                           "0\t12\tu0000000042\t3\t000000000000feed\t7\t0\n");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

Test(load_ledger, keeps_every_line_over_many_buffers)
{
    enum { LINES = 60000 };
    char path[] = "/tmp/slc-ledger-XXXXXX";
    int fd = mkstemp(path);
    load_ledger_t ledger;
    cr_assert(fd >= 0 && load_ledger_init(&ledger, fd));
    off_t bytes = 0;
    for (uint64_t i = 0; i < LINES; i++) {
        slc_buy_reply_t reply = {.order_id = i, .sequence = i};
        char digits[20];
        bytes += (off_t)(2 * load_put_decimal(digits, i)) + 38;
        load_ledger_add(&ledger, &workload, &REQUEST, &reply);
    }
    load_ledger_flush(&ledger);
    cr_assert(lseek(fd, 0, SEEK_END) == bytes, "%lld bytes, not %lld", (long long)lseek(fd, 0, SEEK_END),
              (long long)bytes);
    load_ledger_finish(&ledger);
    (void)close(fd);
    (void)unlink(path);
}

Test(load_ledger, a_disk_that_refuses_is_remembered)
{
    int full = open("/dev/full", O_WRONLY);
    load_ledger_t ledger;
    cr_assert(full >= 0 && load_ledger_init(&ledger, full));
    slc_buy_reply_t reply = {.order_id = 1};
    load_ledger_add(&ledger, &workload, &REQUEST, &reply);
    load_ledger_flush(&ledger);
    cr_assert(ledger.error != 0);
    load_ledger_finish(&ledger);
    (void)close(full);
}
