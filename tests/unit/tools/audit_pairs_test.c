#include "events.h"

#include "../../../tools/replay/audit_digest.h"
#include "../../../tools/replay/audit_pairs.h"

#include <criterion/criterion.h>
#include <string.h>

static script_t script;
static audit_pairs_t pairs;
static audit_report_t report;
static uint64_t digests[8];

static void finish(void)
{
    audit_books_finish(&script.books);
    audit_pairs_finish(&pairs);
}

TestSuite(audit_pairs, .fini = finish);

static slc_journal_block_t block_with(uint64_t first_sequence, uint64_t digest_sequence, uint64_t digest)
{
    return (slc_journal_block_t){.segment = 2,
                                 .offset = 4096 * first_sequence,
                                 .first_sequence = first_sequence,
                                 .digest_sequence = digest_sequence,
                                 .digest = digest};
}

static void add(uint64_t first_sequence, uint64_t digest_sequence, uint64_t digest)
{
    slc_journal_block_t block = block_with(first_sequence, digest_sequence, digest);
    audit_pairs_add(&pairs, &block, &report);
}

/* Five events; their digests as a first run finds them. */
static void next_event(void)
{
    if (script.sequence == 0) {
        open_drop(&script, 1, 10, 0, 0);
    } else {
        buy(&script, 1, "ann", 1, 0);
    }
}

static void learn_digests(void)
{
    for (int i = 1; i <= 5; i++) {
        next_event();
        digests[i] = audit_digest(&script.books);
    }
    audit_books_finish(&script.books);
    script = (script_t){0};
}

static void judge_all(void)
{
    audit_pairs_sort(&pairs);
    for (int i = 1; i <= 5; i++) {
        next_event();
        audit_pairs_compare(&pairs, &script.books, &report);
    }
}

Test(audit_pairs, right_ones_pass_in_whatever_order_blocks_carry_them)
{
    learn_digests();
    add(3, 0, 0);
    add(5, 3, digests[3]);
    add(6, 3, digests[3]);
    add(6, 1, digests[1]);
    add(6, 5, digests[5]);
    judge_all();
    cr_assert(pairs.carried == 4 && pairs.count == 3 && pairs.next == 3);
    cr_assert(audit_passed(&report));
}

Test(audit_pairs, a_wrong_one_fails_and_names_its_block)
{
    learn_digests();
    add(4, 2, digests[2]);
    add(5, 3, digests[3] + 1);
    judge_all();
    cr_assert(report.checks[AUDIT_CHECK_DIGESTS].failures == 1);
    cr_assert(strstr(report.checks[AUDIT_CHECK_DIGESTS].finding, "segment 2 offset 20480") != NULL);
}

Test(audit_pairs, of_two_that_contradict_each_other_one_fails)
{
    learn_digests();
    add(4, 3, digests[3]);
    add(5, 3, digests[2]);
    judge_all();
    cr_assert(report.checks[AUDIT_CHECK_DIGESTS].failures == 1);
}

Test(audit_pairs, a_block_that_knows_the_digest_of_its_own_events_fails)
{
    learn_digests();
    add(3, 3, digests[3]);
    judge_all();
    cr_assert(report.checks[AUDIT_CHECK_DIGESTS].failures == 1);
}
