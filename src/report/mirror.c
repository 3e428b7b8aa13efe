#include "report/mirror_inside.h"

#include "base/check.h"
#include "base/log.h"
#include "report/pace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
/* How often the mirror looks around when nothing wakes it. */
#define LOOK_NS (SECOND_NS / 4)
/* A cut copies each drop, in up to 800 ns on the apply station: at most a twentieth of its time. */
#define REST_NS_PER_DROP UINT64_C(16000)
/* To a cut: 18 MB while it is in use. More, and purges wait longer; fewer, and a catch-up waits for cuts.
 */
#define BUFFER_ROWS 131072u
/* At a stop: as many events, and drops, take about a second. */
#define LAST_EVENTS UINT64_C(200000)
#define LAST_DROPS UINT64_C(100000)

/* ---- cuts ---- */

/* Copies out of a cut what is to be written; the cut is free behind it. */
static slc_behind_answer_t read_cut(slc_mirror_t *mirror, slc_cut_t *cut)
{
    slc_behind_answer_t answer = SLC_BEHIND_DONE;
    if (!mirror->behind.aimed) {
        mirror->aimed_ns = slc_mirror_now_ns(mirror);
        answer = slc_behind_aim(&mirror->behind, cut);
    }
    if (answer == SLC_BEHIND_DONE) {
        answer = slc_behind_read(&mirror->behind, cut);
    }
    uint64_t rest_ns = slc_cut_info(cut).drops * REST_NS_PER_DROP;
    uint64_t interval_ns = answer == SLC_BEHIND_DONE ? mirror->config.interval_ns : 0;
    mirror->next_ns = slc_mirror_now_ns(mirror) + (rest_ns > interval_ns ? rest_ns : interval_ns);
    return answer;
}

static void act_on(slc_mirror_t *mirror, slc_behind_answer_t answer)
{
    switch (answer) {
    case SLC_BEHIND_DONE:
    case SLC_BEHIND_FULL:
        mirror->fits = true;
        mirror->unwritten = true;
        mirror->whole = answer == SLC_BEHIND_DONE;
        mirror->written = 0;
        return;
    case SLC_BEHIND_AGAIN:
        slc_behind_clear(&mirror->behind);
        mirror->forget = true; /* a drop that was purged meanwhile may have left rows */
        return;
    case SLC_BEHIND_ALIEN:
        slc_mirror_rebuild(mirror, true,
                           "what it covers is not in this journal: it is ahead of it, or of another");
        return;
    case SLC_BEHIND_NO_MEMORY:
        slc_behind_clear(&mirror->behind);
        slc_mirror_note_failed(mirror, SLC_ERR_NO_MEMORY, "no memory for what is new");
        return;
    }
}

/* Takes a cut that has come; true: one had. */
static bool take_cut(slc_mirror_t *mirror)
{
    bool failed = false;
    slc_cut_t *cut = slc_handover_take(mirror->config.handover, &failed);
    if (failed) {
        mirror->asked = false;
        slc_mirror_note_failed(mirror, SLC_ERR_NO_MEMORY, "no memory for cutting the state");
    }
    if (cut == NULL) {
        return failed;
    }
    mirror->asked = false;
    slc_behind_answer_t answer = read_cut(mirror, cut);
    slc_handover_return(mirror->config.handover, cut);
    act_on(mirror, answer);
    return true;
}

static void ask_if_due(slc_mirror_t *mirror)
{
    uint64_t applied = mirror->config.applied(mirror->config.context);
    uint64_t now = slc_mirror_now_ns(mirror);
    bool is_new = applied != mirror->behind.covered || !mirror->fits || mirror->behind.aimed;
    if (!is_new) {
        slc_mirror_note_covered(mirror, now);
    } else if (now >= mirror->next_ns) {
        mirror->asked = true;
        slc_handover_want(mirror->config.handover);
    }
}

/* ---- turns ---- */

bool slc_mirror_turn(slc_mirror_t *mirror)
{
    /* Before anything is asked of the file, whose disk may not answer: while a cut waits here nobody else
     * gets one. */
    if (mirror->asked) {
        return take_cut(mirror); /* the file is open since it asked */
    }
    if (!slc_mirror_is_open(mirror)) {
        return false;
    }
    if (mirror->forget) {
        slc_mirror_forget_some(mirror);
        return true;
    }
    if (mirror->unwritten) {
        slc_mirror_write_some(mirror);
        return true;
    }
    ask_if_due(mirror);
    if (mirror->sweeping && !mirror->asked) {
        slc_mirror_sweep_some(mirror);
        return true;
    }
    return false;
}

void slc_mirror_run(slc_mirror_t *mirror)
{
    /* On Linux a thread has a priority of its own. Without it all else works the same. */
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), 19) != 0) {
        slc_log(SLC_LOG_INFO, "the report is written at the priority of the rest");
    }
    uint64_t look_ns =
        mirror->config.interval_ns / 2 < LOOK_NS ? mirror->config.interval_ns / 2 : LOOK_NS;
    bool did = true;
    slc_pace_t pace = {.looked_ns = slc_mirror_now_ns(mirror),
                       .passed = mirror->config.passed(mirror->config.context)};
    while (slc_handover_wait(mirror->config.handover, did ? 0 : look_ns)) {
        uint64_t begun_ns = slc_mirror_now_ns(mirror);
        did = slc_mirror_turn(mirror);
        uint64_t now_ns = slc_mirror_now_ns(mirror);
        uint64_t rest_ns = slc_pace_rest_ns(&pace, now_ns - begun_ns, now_ns,
                                            mirror->config.passed(mirror->config.context));
        if (did && rest_ns > 0) {
            (void)slc_handover_nap(mirror->config.handover, rest_ns); /* whether to stop is asked above */
        }
    }
}

/* One more step at the end; false: it leads no further. */
static bool last_step(slc_mirror_t *mirror, slc_logic_t *logic)
{
    if (mirror->forget) {
        slc_mirror_forget_some(mirror);
    } else if (mirror->unwritten) {
        slc_mirror_write_some(mirror);
    } else {
        slc_cut_t *cut = slc_logic_cut_begin(logic);
        if (cut == NULL) {
            return false; /* no memory for one: the next start goes on from what is covered */
        }
        while (slc_logic_cut_step(logic, 4096) == SLC_CUT_MORE) {
        }
        slc_behind_answer_t answer = read_cut(mirror, cut);
        slc_logic_cut_end(logic, cut);
        act_on(mirror, answer);
    }
    return mirror->report != NULL && mirror->failed == SLC_OK;
}

bool slc_mirror_last(slc_mirror_t *mirror, slc_logic_t *logic)
{
    uint64_t sequence = slc_logic_sequence(logic);
    uint64_t behind = sequence - (mirror->behind.covered < sequence ? mirror->behind.covered : sequence);
    bool quick = behind <= LAST_EVENTS && slc_logic_drop_count(logic) <= LAST_DROPS;
    bool goes_on = quick && mirror->failed == SLC_OK && slc_mirror_is_open(mirror);
    while (goes_on && (mirror->behind.covered != sequence || !mirror->fits)) {
        goes_on = last_step(mirror, logic);
    }
    slc_log(SLC_LOG_INFO, "the report covers sequence %" PRIu64 " of %" PRIu64, mirror->behind.covered,
            sequence);
    return goes_on;
}

/* ---- life ---- */

slc_mirror_t *slc_mirror_create(const slc_mirror_config_t *config)
{
    slc_mirror_t *mirror = calloc(1, sizeof *mirror);
    if (mirror == NULL) {
        return NULL;
    }
    mirror->config = *config;
    (void)snprintf(mirror->place.path, sizeof mirror->place.path, "%s", config->path);
    slc_behind_init(&mirror->behind, config->buffer_rows == 0 ? BUFFER_ROWS : config->buffer_rows);
    mirror->true_ns = slc_mirror_now_ns(mirror);
    mirror->status.state = SLC_MIRROR_CATCHING;
    SLC_CHECK(pthread_mutex_init(&mirror->mutex, NULL) == 0);
    return mirror;
}

void slc_mirror_destroy(slc_mirror_t *mirror)
{
    if (mirror == NULL) {
        return;
    }
    slc_report_close(mirror->report);
    slc_behind_finish(&mirror->behind);
    SLC_CHECK(pthread_mutex_destroy(&mirror->mutex) == 0);
    free(mirror);
}
