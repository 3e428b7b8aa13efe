/* A sealed reference directory of 64 KiB, broken in one place at a time: every bit flipped, every file
 * cut at every length, every page put at the place of every other, every segment removed, renamed,
 * doubled, swapped, foreign, of another version. Each is put through the engine's own recovery, which has
 * to bring back exactly the whole state, or to refuse, naming the place and changing nothing. A broken
 * snapshot is tried with the journal that reaches back, and without it.
 *
 * SLC_FLIPS: how many of the flips and cuts, a seeded sample (default 30,000; 0 or more than there are:
 * all of them); SLC_SEED; SLC_JOBS. The rest is always done. `--run N` does a share of it alone. */
#include "../lib/fake_sys.h"
#include "../lib/journal_lab.h"
#include "workers.h"

#include "base/hash.h"
#include "journal/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES 32768u
#define SEGMENTS 2u
#define PAGES (SEGMENTS * SEGMENT_BYTES / SLC_PAGE_BYTES)
#define SEGMENT_PAGES (SEGMENT_BYTES / SLC_PAGE_BYTES)
#define BLOCKS 9u
#define SNAPSHOT_EVERY 3u
#define SNAPSHOT_BYTES_MIN 16384u
#define FLIPS_DEFAULT 30000u
#define SHARE 512u /* cases in a run */

typedef struct {
    uint64_t flips;
    uint64_t cuts;
    uint64_t moves; /* pages and files */
    uint64_t refused;
    uint64_t exact;
} tally_t;

static tally_t *g_tally;
static uint64_t g_seed;
static lab_t *g_lab;
static fake_sys_t *g_whole;     /* without its snapshots, so that all of the journal counts */
static fake_sys_t *g_snapshots; /* with them */
static fake_sys_t *g_foreign;   /* the same journal in another directory */

/* Flips and cuts in a row, file by file. */
static uint64_t g_cases;
static uint64_t g_step = 1;

/* Those of fixed names, then the snapshots. */
#define FILES_FIXED 3u
#define SNAPSHOTS 3u
#define FILES (FILES_FIXED + SNAPSHOTS)

static char g_files[FILES][64] = {LAB_DIR "/segment-0000000001.journal",
                                  LAB_DIR "/segment-0000000002.journal", LAB_DIR "/lock"};

static const char *path_of(uint32_t segment)
{
    static char paths[2][64];
    static unsigned next;
    char name[SLC_SEGMENT_NAME_BYTES];
    char *path = paths[next++ % 2];
    slc_segment_name(segment, name);
    (void)snprintf(path, sizeof paths[0], "%s/%s", LAB_DIR, name);
    return path;
}

static bool is_snapshot(const char *path)
{
    return strstr(path, "snapshot-") != NULL;
}

static fake_sys_t *reference_of(const char *path)
{
    return is_snapshot(path) ? g_snapshots : g_whole;
}

static void fail(const char *what, const char *case_text, const lab_outcome_t *back)
{
    (void)fprintf(stderr, "FAILED: %s\n  %s: code %d, %" PRIu64 " of %" PRIu64 " events; said: %s\n",
                  what, case_text, back->code, back->acked, g_lab->event_count, back->error.message);
    (void)fprintf(stderr, "repeat with: SLC_SEED=%" PRIu64 " SLC_FLIPS=%" PRIu64 " corruption_sweep\n",
                  g_seed, g_cases / g_step);
    exit(1);
}

/* The broken directory is recovered as it is, on a copy. */
static void judge(fake_sys_t *broken, const char *case_text)
{
    lab_outcome_t back;
    fake_sys_t *tried = fake_sys_kill(broken);
    lab_restore(g_lab, fake_sys_table(tried), LAB_DIR, &back);
    if (back.came_back) {
        if (back.wrong) {
            fail("another state", case_text, &back);
        }
        if (back.acked != g_lab->event_count) {
            fail("events lost, and nobody said so", case_text, &back);
        }
        g_tally->exact++;
    } else {
        g_tally->refused++;
        bool has_place = strstr(back.error.message, "snapshot-") != NULL ||
                         (strstr(back.error.message, "segment ") != NULL &&
                          strstr(back.error.message, ", offset ") != NULL) ||
                         strstr(back.error.message, "lock file") != NULL;
        if (back.code != SLC_ERR_DAMAGED || !has_place) {
            fail("refused without naming the place", case_text, &back);
        }
        if (!fake_sys_same_files(tried, broken)) {
            fail("refused, and yet something was changed", case_text, &back);
        }
    }
    fake_sys_destroy(tried);
}

/* Without the first segment everything hangs on the snapshots. */
static void judge_alone(fake_sys_t *broken, const char *path, const char *case_text)
{
    if (is_snapshot(path)) {
        fake_sys_t *alone = fake_sys_kill(broken);
        fake_sys_remove(alone, g_files[0]);
        judge(alone, case_text);
        fake_sys_destroy(alone);
    }
}

/* ---- flips and cuts ---- */

static void flip(const char *path, uint64_t bit)
{
    char text[96];
    size_t bytes = 0;
    fake_sys_t *reference = reference_of(path);
    uint8_t byte = fake_sys_file(reference, path, &bytes)[bit / 8];
    uint8_t flipped = byte ^ (uint8_t)(1u << (bit % 8));
    (void)snprintf(text, sizeof text, "%.60s, bit %" PRIu64 " of byte %" PRIu64, path, bit % 8, bit / 8);
    fake_sys_poke(reference, path, &flipped, 1, bit / 8);
    judge(reference, text);
    judge_alone(reference, path, text);
    fake_sys_poke(reference, path, &byte, 1, bit / 8);
    g_tally->flips++;
}

static void cut(const char *path, uint64_t bytes)
{
    char text[96];
    uint64_t before = g_tally->exact;
    fake_sys_t *broken = fake_sys_kill(reference_of(path));
    (void)snprintf(text, sizeof text, "%.60s, cut to %" PRIu64 " bytes", path, bytes);
    fake_sys_cut_file(broken, path, (size_t)bytes);
    judge(broken, text);
    judge_alone(broken, path, text);
    /* The journal stands for a snapshot that is none; the lock without its second line says less, and
     * nothing that is wrong. */
    bool may_be_exact = is_snapshot(path) || (strstr(path, "lock") != NULL && bytes >= SLC_LOCK_ID_BYTES);
    if (g_tally->exact > before && !may_be_exact) {
        lab_outcome_t back = {.code = SLC_OK};
        fail("a segment that is too short was taken", text, &back);
    }
    fake_sys_destroy(broken);
    g_tally->cuts++;
}

static uint64_t bytes_of(const char *path)
{
    size_t bytes = 0;
    (void)fake_sys_file(reference_of(path), path, &bytes);
    return bytes;
}

static void try_case(uint64_t at)
{
    for (size_t i = 0; i < FILES; i++) {
        uint64_t bytes = bytes_of(g_files[i]);
        if (at < bytes * 8) {
            flip(g_files[i], at);
            return;
        }
        at -= bytes * 8;
        if (at < bytes) {
            cut(g_files[i], at);
            return;
        }
        at -= bytes;
    }
}

/* ---- pages ---- */

static const uint8_t *page_of(fake_sys_t *fake, uint32_t page)
{
    size_t bytes = 0;
    return fake_sys_file(fake, path_of(1 + page / SEGMENT_PAGES), &bytes) +
           (size_t)(page % SEGMENT_PAGES) * SLC_PAGE_BYTES;
}

static void put_page(fake_sys_t *fake, uint32_t page, const uint8_t *bytes)
{
    fake_sys_poke(fake, path_of(1 + page / SEGMENT_PAGES), bytes, SLC_PAGE_BYTES,
                  (uint64_t)(page % SEGMENT_PAGES) * SLC_PAGE_BYTES);
}

/* One page as another: of this journal, or of a foreign one; the two swapped; or zeros. */
static void move_page(uint32_t to, uint32_t from)
{
    static const uint8_t zeros[SLC_PAGE_BYTES] = {0};
    char text[96];
    (void)snprintf(text, sizeof text, "page %" PRIu32 " at the place of page %" PRIu32, from, to);
    fake_sys_t *broken = fake_sys_kill(g_whole);
    put_page(broken, to, page_of(g_whole, from));
    judge(broken, text);
    put_page(broken, from, page_of(g_whole, to));
    judge(broken, text);
    fake_sys_destroy(broken);
    broken = fake_sys_kill(g_whole);
    put_page(broken, to, from == to ? zeros : page_of(g_foreign, from));
    judge(broken, text);
    fake_sys_destroy(broken);
    g_tally->moves += 3;
}

/* ---- files ---- */

static void put_file(fake_sys_t *fake, uint32_t segment, fake_sys_t *source, uint32_t from)
{
    size_t bytes = 0;
    const uint8_t *at = fake_sys_file(source, path_of(from), &bytes);
    fake_sys_put(fake, path_of(segment), at, bytes);
}

/* The header says a version that nobody knows yet, with its checksum made right. */
static void put_version(fake_sys_t *fake, uint32_t segment, uint64_t offset, uint32_t version)
{
    size_t bytes = 0;
    fake_sys_poke(fake, path_of(segment), &version, sizeof version, offset);
    uint64_t checksum = slc_hash(fake_sys_file(fake, path_of(segment), &bytes) + SLC_CHECKED_OFFSET,
                                 SLC_SEGMENT_HEADER_BYTES - SLC_CHECKED_OFFSET);
    fake_sys_poke(fake, path_of(segment), &checksum, sizeof checksum, SLC_CHECKSUM_OFFSET);
}

enum { REMOVED, RENAMED, DOUBLED, OVER_ANOTHER, FOREIGN, EMPTY, LONGER, LATER_FORMAT, LATER_RULES, WAYS };

static void break_file(unsigned way, uint32_t segment, uint32_t other)
{
    static const char *const names[WAYS] = {
        "removed", "renamed", "doubled",           "put over another", "taken from another directory",
        "emptied", "longer",  "of a later format", "of later rules"};
    char text[96];
    fake_sys_t *broken = fake_sys_kill(g_whole);
    (void)snprintf(text, sizeof text, "segment %" PRIu32 " %s (%" PRIu32 ")", segment, names[way], other);
    switch (way) {
    case REMOVED:
        fake_sys_remove(broken, path_of(segment));
        break;
    case RENAMED:
        fake_sys_move(broken, path_of(segment), path_of(SEGMENTS + other));
        break;
    case DOUBLED:
        put_file(broken, SEGMENTS + other, g_whole, segment);
        break;
    case OVER_ANOTHER:
        put_file(broken, 1 + (segment + other - 1) % SEGMENTS, g_whole, segment);
        break;
    case FOREIGN:
        put_file(broken, segment, g_foreign, segment);
        break;
    case EMPTY:
        fake_sys_cut_file(broken, path_of(segment), 0);
        break;
    case LONGER:
        fake_sys_poke(broken, path_of(segment), "", 1, SEGMENT_BYTES - 1 + (uint64_t)other * 4096);
        break;
    case LATER_FORMAT:
        put_version(broken, segment, 16, SLC_FORMAT_VERSION + other);
        break;
    default:
        put_version(broken, segment, 20, SLC_FORMAT_RULES_VERSION + other);
        break;
    }
    judge(broken, text);
    if (way == OVER_ANOTHER && other % SEGMENTS != 0) { /* and the other one here: swapped */
        put_file(broken, segment, g_whole, 1 + (segment + other - 1) % SEGMENTS);
        judge(broken, text);
    }
    fake_sys_destroy(broken);
    g_tally->moves++;
}

static void break_files(void)
{
    for (unsigned way = 0; way < WAYS; way++) {
        for (uint32_t segment = 1; segment <= SEGMENTS; segment++) {
            for (uint32_t other = 1; other <= 3; other++) {
                break_file(way, segment, other);
            }
        }
    }
    fake_sys_t *broken = fake_sys_kill(g_whole);
    for (uint32_t segment = 1; segment <= SEGMENTS; segment++) {
        fake_sys_remove(broken, path_of(segment));
    }
    judge(broken, "all segments removed");
    fake_sys_destroy(broken);
    /* To ask for the lock is to make its file, which changes nothing: it is refused with and without. */
    lab_outcome_t back;
    broken = fake_sys_kill(g_whole);
    fake_sys_remove(broken, LAB_DIR "/lock");
    lab_restore(g_lab, fake_sys_table(broken), LAB_DIR, &back);
    if (back.code != SLC_ERR_DAMAGED) {
        fail("a journal without its lock file was taken", "the lock file removed", &back);
    }
    judge(broken, "the lock file removed");
    fake_sys_destroy(broken);
    g_tally->moves += 2;
}

/* ---- all of it ---- */

static void try_run(void *context, uint64_t run)
{
    uint64_t wanted = *(const uint64_t *)context;
    if (run == 0) {
        break_files();
        for (uint32_t page = 0; page < PAGES * PAGES; page++) {
            move_page(page / PAGES, page % PAGES);
        }
    }
    for (uint64_t i = run * SHARE; i < (run + 1) * SHARE && i < wanted; i++) {
        try_case(i * g_step + (g_step == 1 ? 0 : g_seed % g_step));
    }
}

static uint64_t find_snapshots(void)
{
    char names[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
    size_t count = fake_sys_names(g_snapshots, LAB_DIR, names, FAKE_ENTRIES_MAX);
    size_t found = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(names[i], "snapshot-", 9) == 0 && found < SNAPSHOTS) {
            char *path = g_files[FILES_FIXED + found++];
            (void)snprintf(path, sizeof g_files[0], "%s/%.50s", LAB_DIR, names[i]);
            bytes += bytes_of(path);
            fake_sys_remove(g_whole, path);
        }
    }
    return found == SNAPSHOTS ? bytes : 0;
}

static fake_sys_t *make_directory(unsigned identity)
{
    lab_outcome_t outcome;
    uint8_t bytes[8];
    fake_sys_t *fake = fake_sys_create();
    const slc_sys_t *sys = fake_sys_table(fake);
    (void)sys->random(sys->self, bytes, identity);
    lab_run(g_lab, sys, LAB_DIR, SIZE_MAX, true, &outcome);
    if (outcome.code != SLC_OK || outcome.acked != g_lab->event_count) {
        fail("the reference could not be written", "", &outcome);
    }
    return fake;
}

int main(int argc, char **argv)
{
    static tally_t sum;
    g_seed = workers_number("SLC_SEED", 1);
    g_lab = lab_create(BLOCKS, SEGMENT_BYTES);
    lab_take_snapshots(g_lab, SNAPSHOT_EVERY);
    g_lab->keep_all = true;
    g_snapshots = make_directory(0);
    g_whole = fake_sys_kill(g_snapshots);
    uint64_t snapshot_bytes = find_snapshots();
    g_foreign = make_directory(1);
    size_t bytes = 0;
    bool is_whole = fake_sys_file(g_whole, path_of(SEGMENTS), &bytes) != NULL &&
                    fake_sys_file(g_whole, path_of(SEGMENTS + 1), &bytes) == NULL;
    for (size_t i = 0; i < FILES; i++) {
        g_cases += bytes_of(g_files[i]) * 9;
    }
    if (!is_whole || snapshot_bytes < SNAPSHOT_BYTES_MIN ||
        g_cases < (uint64_t)SEGMENTS * SEGMENT_BYTES * 9) {
        (void)fprintf(stderr, "FAILED: the reference has not the size it should have\n");
        return 1;
    }
    const char *text = getenv("SLC_FLIPS");
    uint64_t wanted = text == NULL ? FLIPS_DEFAULT : strtoull(text, NULL, 10);
    wanted = wanted == 0 || wanted > g_cases ? g_cases : wanted;
    g_step = g_cases / wanted;
    wanted = g_step == 1 ? g_cases : wanted;
    workers_t workers = {.try_run = try_run,
                         .context = &wanted,
                         .wanted = (wanted + SHARE - 1) / SHARE,
                         .tally = (void **)&g_tally,
                         .tally_numbers = sizeof sum / sizeof(uint64_t)};
    if (!workers_run(&workers, argc, argv, (uint64_t *)(void *)&sum)) {
        return 1;
    }
    (void)printf("corruption: %" PRIu64 " flips and %" PRIu64 " cuts of %" PRIu64 ", %" PRIu64
                 " pages and files moved, 0 failed, seed %" PRIu64 "\n  %" PRIu64
                 " refused with their place, %" PRIu64
                 " exactly recovered; %.0f a second on %u processes\n",
                 sum.flips, sum.cuts, g_cases, sum.moves, g_seed, sum.refused, sum.exact,
                 (double)(sum.flips + sum.cuts) / workers.seconds, workers.jobs);
    bool whole = argc > 1 || (sum.flips + sum.cuts == wanted && sum.exact > 0 && sum.refused > 0);
    return whole ? 0 : 1;
}
