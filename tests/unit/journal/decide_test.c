#include "journal/decide.h"

#include <criterion/criterion.h>
#include <string.h>

/* Every finding there is. */
typedef void (*each_fn)(slc_finding_t finding, const slc_rule_t *rule);

static unsigned for_each_finding(each_fn each)
{
    unsigned count = 0;
    for (int rest = 0; rest < SLC_REST_COUNT; rest++) {
        for (int witness = 0; witness < SLC_WITNESS_COUNT; witness++) {
            for (int last = 0; last < SLC_LAST_COUNT; last++) {
                for (int successor = 0; successor < SLC_SUCCESSOR_COUNT; successor++) {
                    slc_finding_t finding = {(slc_rest_t)rest, (slc_witness_t)witness, (slc_last_t)last,
                                             (slc_successor_t)successor};
                    each(finding, slc_decide(finding));
                    count++;
                }
            }
        }
    }
    return count;
}

/* The same decision told another way: first what must never be served, then the three ends. */
static slc_verdict_t expected(slc_finding_t f)
{
    bool acknowledged_is_missing = f.witness == SLC_WITNESS_VOUCHES ||
                                   f.successor == SLC_SUCCESSOR_CONTRADICTS ||
                                   (f.last == SLC_LAST_ROLLED && f.successor == SLC_SUCCESSOR_NONE);
    bool no_crash_does_this =
        f.rest == SLC_REST_ALIEN ||
        (f.witness != SLC_WITNESS_NONE && (f.successor != SLC_SUCCESSOR_NONE || f.rest == SLC_REST_NONE));
    if (acknowledged_is_missing || no_crash_does_this) {
        return SLC_VERDICT_DAMAGED;
    }
    if (f.successor == SLC_SUCCESSOR_CONTINUES) {
        return SLC_VERDICT_NEXT;
    }
    if (f.rest == SLC_REST_BYTES || f.witness == SLC_WITNESS_SILENT) {
        return SLC_VERDICT_TORN;
    }
    return f.last == SLC_LAST_SEAL ? SLC_VERDICT_SEALED : SLC_VERDICT_OPEN;
}

static void agrees(slc_finding_t finding, const slc_rule_t *rule)
{
    cr_assert(rule != NULL && rule->label != NULL);
    cr_assert(rule->verdict == expected(finding), "rest %d witness %d last %d successor %d: %s",
              finding.rest, finding.witness, finding.last, finding.successor, rule->label);
}

Test(decide, every_finding_has_the_verdict_it_ought_to_have)
{
    cr_assert(for_each_finding(agrees) == 4 * 3 * 3 * 3);
}

static const slc_rule_t *seen[64];
static size_t seen_count;

static void remember(slc_finding_t finding, const slc_rule_t *rule)
{
    (void)finding;
    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i] == rule) {
            return;
        }
    }
    seen[seen_count++] = rule;
}

Test(decide, every_rule_is_reached_and_has_a_label_of_its_own)
{
    (void)for_each_finding(remember);
    cr_assert(seen_count == 11);
    for (size_t i = 0; i < seen_count; i++) {
        for (size_t j = i + 1; j < seen_count; j++) {
            cr_assert(strcmp(seen[i]->label, seen[j]->label) != 0);
        }
    }
}

static void never_cut_what_is_vouched_for(slc_finding_t finding, const slc_rule_t *rule)
{
    if (finding.witness == SLC_WITNESS_VOUCHES) {
        cr_assert(rule->verdict == SLC_VERDICT_DAMAGED);
    }
}

Test(decide, a_witness_that_vouches_is_always_damage)
{
    (void)for_each_finding(never_cut_what_is_vouched_for);
}
