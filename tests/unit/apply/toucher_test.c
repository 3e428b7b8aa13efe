/* The thread that touches memory ahead of the logic: pages are there afterwards, their bytes are as they
 * were, also those that somebody writes to meanwhile. */
#include "apply/toucher.h"
#include "base/bytes.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <sys/mman.h>

#define PAGES 4
#define BYTES (PAGES * SLC_HUGE_PAGE_BYTES)

/* Fresh memory, in whole huge pages. */
static uint8_t *map(void)
{
    uint8_t *at = mmap(NULL, BYTES + SLC_HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    cr_assert(at != MAP_FAILED);
    return at + (slc_round_up((uintptr_t)at, SLC_HUGE_PAGE_BYTES) - (uintptr_t)at);
}

static uint64_t resident(uint8_t *at, uint64_t bytes)
{
    static unsigned char there[BYTES / 4096];
    cr_assert_eq(mincore(at, bytes, there), 0);
    uint64_t count = 0;
    for (uint64_t i = 0; i < bytes / 4096; i++) {
        count += there[i] & 1;
    }
    return count;
}

static void wait_until_idle(const slc_toucher_t *toucher)
{
    while (!slc_toucher_idle(toucher)) {
        (void)sched_yield();
    }
}

static slc_toucher_t *start(void)
{
    slc_error_t error = {0};
    slc_toucher_t *toucher = slc_toucher_create(&error);
    cr_assert(toucher != NULL, "%s", error.message);
    cr_assert(slc_toucher_idle(toucher));
    return toucher;
}

Test(toucher, pages_are_there_before_their_first_use_and_no_others)
{
    slc_toucher_t *toucher = start();
    uint8_t *at = map();
    slc_fresh_t fresh = {.count = 0};
    slc_fresh_add(&fresh, at, SLC_HUGE_PAGE_BYTES);
    slc_fresh_add(&fresh, at + 2 * SLC_HUGE_PAGE_BYTES, SLC_HUGE_PAGE_BYTES);
    cr_assert_eq(resident(at, BYTES), 0);
    slc_toucher_give(toucher, &fresh);
    wait_until_idle(toucher);
    cr_assert_eq(resident(at, SLC_HUGE_PAGE_BYTES), 512);
    cr_assert_eq(resident(at + SLC_HUGE_PAGE_BYTES, SLC_HUGE_PAGE_BYTES), 0);
    cr_assert_eq(resident(at + 2 * SLC_HUGE_PAGE_BYTES, SLC_HUGE_PAGE_BYTES), 512);
    slc_toucher_destroy(toucher);
}

Test(toucher, no_byte_changes_not_even_one_that_is_written_meanwhile)
{
    slc_toucher_t *toucher = start();
    volatile uint8_t *at = map();
    slc_fresh_t fresh = {.count = 0};
    slc_fresh_add(&fresh, (uint8_t *)at, SLC_HUGE_PAGE_BYTES);
    uint64_t lost = 0;
    uint8_t value = 0;
    for (int round = 0; round < 2000; round++) {
        slc_toucher_give(toucher, &fresh);
        do {
            value++;
            for (uint64_t page = 0; page < SLC_HUGE_PAGE_BYTES; page += 4096) {
                at[page] = value;
            }
            for (uint64_t page = 0; page < SLC_HUGE_PAGE_BYTES; page += 4096) {
                lost += at[page] != value;
            }
        } while (!slc_toucher_idle(toucher));
    }
    cr_assert_eq(lost, 0);
    slc_toucher_destroy(toucher);
}

Test(toucher, ends_at_once_with_work_before_it_and_takes_no_toucher_for_none)
{
    slc_toucher_t *toucher = start();
    uint8_t *at = map();
    slc_fresh_t fresh = {.count = 0};
    slc_fresh_add(&fresh, at, BYTES);
    slc_toucher_give(toucher, &fresh);
    slc_toucher_destroy(toucher);
    slc_toucher_destroy(NULL);
}
