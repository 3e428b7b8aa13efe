#include "../../../tools/sluice/when.h"

#include <criterion/criterion.h>

#include <stddef.h>

#define NOW_US UINT64_C(1700000000000000)

static void expect(const char *text, uint64_t wanted_us)
{
    uint64_t us = 0;
    cr_assert(sluice_when_parse(text, NOW_US, &us), "%s", text);
    cr_assert(us == wanted_us, "%s is %llu, not %llu", text, (unsigned long long)us,
              (unsigned long long)wanted_us);
}

Test(sluice_when, reads_microseconds_seconds_from_now_and_iso_8601)
{
    expect("0", 0);
    expect("1700000000123456", UINT64_C(1700000000123456));
    expect("+10", NOW_US + 10000000);
    expect("+0.25", NOW_US + 250000);
    expect("1970-01-01T00:00:00Z", 0);
    expect("2026-12-01T09:00:00Z", UINT64_C(1796115600000000));
    expect("2026-12-01 09:00", UINT64_C(1796115600000000));
    expect("2024-02-29T23:59:59.000001Z", UINT64_C(1709251199000001));
}

Test(sluice_when, refuses_what_is_no_moment)
{
    static const char *const texts[] = {
        "",
        "+",
        "tomorrow",
        "-5",
        "2026-12-01",
        "2026-02-29T00:00:00Z",
        "+-5",
        "+1.",
        "+1e3",
        "12:00",
        "2026-13-01T00:00:00Z",
        "2026-12-01T24:00:00Z",
        "2026-12-01T09:00:00+01:00",
        "2026-12-01T09:00:00ZZ",
        "1969-12-31T23:59:59Z",
        "99999999999999999999",
        "+99999999999999999999",
        "5 ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t us;
        cr_assert(!sluice_when_parse(texts[i], NOW_US, &us), "\"%s\" was taken", texts[i]);
    }
}

Test(sluice_when, writes_what_it_reads)
{
    static const char *const texts[] = {"1970-01-01T00:00:00Z", "2026-12-01T09:00:00Z",
                                        "2024-02-29T23:59:59.000001Z"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t us;
        char text[SLUICE_WHEN_BYTES];
        cr_assert(sluice_when_parse(texts[i], NOW_US, &us));
        sluice_when_write(us, text);
        cr_assert_str_eq(text, texts[i]);
    }
    char text[SLUICE_WHEN_BYTES];
    sluice_when_write(UINT64_MAX, text); /* whatever a server says, it fits */
}
