/* load: asks a Sluice server to sell, measures, and checks the answers. Opens the drops, resolves the
 * address, runs one worker a thread, adds up what they heard, reports. */
#include "../../tools/common/called.h"
#include "books.h"
#include "crowd.h"
#include "options.h"
#include "page.h"
#include "report.h"
#include "setup.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static load_workload_t workload;
static load_options_t options;
static load_plan_t plan;
static sem_t done; /* raised by each worker that ended */
static load_tally_t total;
static load_series_t series;
static load_step_t steps[LOAD_STEPS_MAX];
static load_crowd_t crowd;
static load_conditions_t conditions;

/* One that comes so soon behind the first is the same: timeout(1) signals the process and its group. */
#define SAME_SIGNAL_NS UINT64_C(500000000)

/* The first asks to stop and drain, the second to leave. */
static void on_signal(int number)
{
    static _Atomic uint64_t first_ns;
    uint64_t now_ns = load_now_ns();
    uint64_t none = 0;
    (void)number;
    /* Hints that guard no data: no order is needed. */
    if (atomic_compare_exchange_strong_explicit(&first_ns, &none, now_ns, memory_order_relaxed,
                                                memory_order_relaxed)) {
        atomic_store_explicit(&plan.stop, 1, memory_order_relaxed);
    } else if (now_ns - none > SAME_SIGNAL_NS) {
        atomic_store_explicit(&plan.stop, 2, memory_order_relaxed);
    }
}

/* What differs between the runs of a sweep. */
static void plan_step(uint32_t step)
{
    plan.requests = options.requests == 0 ? UINT64_MAX : options.requests;
    plan.duration_ns = options.duration_s == 0 ? UINT64_MAX : (uint64_t)(options.duration_s * 1e9);
    plan.schedule = (load_schedule_t){.burst = options.burst, .seconds = options.duration_s};
    if (options.rate_count == 0) {
        return;
    }
    plan.schedule.from = options.rates[step];
    plan.schedule.to = options.ramp_to > 0 ? options.ramp_to : plan.schedule.from;
    if (options.duration_s > 0) {
        /* What falls due in that time is asked, however late: leaving it out would flatter a slow server.
         */
        uint64_t due = load_schedule_requests(&plan.schedule, options.duration_s);
        plan.requests = due < plan.requests ? due : plan.requests;
        plan.duration_ns = UINT64_MAX;
    }
}

static bool make_plan(void)
{
    plan.workload = &workload;
    plan.threads = (uint32_t)options.threads;
    plan.connections = (uint32_t)options.connections;
    plan.window = (uint32_t)options.window;
    plan.retry_ns = (uint64_t)(options.retry_s * 1e9);
    plan.patience_ns = (uint64_t)(options.patience_s * 1e9);
    plan.churn = options.churn;
    plan.resend = options.resend;
    plan.kill_pid = (int)options.kill_pid;
    plan.kill_drop = options.kill_drop;
    plan.kill_accepted = options.kill_accepted;
    plan.ledger_fd = -1;
    if (options.ledger != NULL) {
        plan.ledger_fd =
            open(options.ledger, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (plan.ledger_fd < 0) {
            called_say("load", "load: cannot write %s: %s\n", options.ledger, strerrordesc_np(errno));
            return false;
        }
    }
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    return sem_init(&done, 0, 0) == 0 &&
           load_setup_descriptors(options.connections + options.idle + options.slow_readers) &&
           load_setup_resolve(options.connect, &plan.address, &plan.address_bytes);
}

/* ---- the run ---- */

static void *run_one(void *worker)
{
    (void)load_worker_run(worker);
    (void)sem_post(&done);
    return NULL;
}

static void show_progress(load_worker_t *workers, uint64_t began_ns)
{
    static uint64_t before;
    static uint64_t before_ns;
    uint64_t answered = 0;
    for (uint32_t i = 0; i < plan.threads; i++) {
        answered += atomic_load_explicit(&workers[i].answered_so_far, memory_order_relaxed);
    }
    uint64_t now_ns = load_now_ns();
    uint64_t since_ns = now_ns - (before_ns == 0 ? began_ns : before_ns);
    fprintf(stderr, "\r\033[K%.0f s  %llu answered  %.0f/s", (double)(now_ns - began_ns) / 1e9,
            (unsigned long long)answered, (double)(answered - before) * 1e9 / (double)since_ns);
    before = answered;
    before_ns = now_ns;
}

static void wait_for_workers(load_worker_t *workers)
{
    bool shows = isatty(STDERR_FILENO) != 0;
    uint64_t began_ns = load_now_ns();
    for (uint32_t ended = 0; ended < plan.threads;) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        if (sem_clockwait(&done, CLOCK_MONOTONIC, &until) == 0) {
            ended++;
        } else if (shows && errno == ETIMEDOUT) {
            show_progress(workers, began_ns);
        }
    }
    if (shows) {
        (void)fputs("\r\033[K", stderr);
    }
}

static bool run(load_worker_t *workers)
{
    pthread_t threads[64];
    uint32_t ready = 0;
    uint32_t started = 0;
    while (ready < plan.threads && load_worker_init(&workers[ready], &plan, ready)) {
        ready++;
    }
    if (ready < plan.threads) {
        called_say("load", "load: %s\n", workers[ready].failure);
        load_worker_finish(&workers[ready]);
    }
    while (ready == plan.threads && started < plan.threads &&
           pthread_create(&threads[started], NULL, run_one, &workers[started]) == 0) {
        started++;
    }
    if (started < plan.threads) {
        called_say("load", "load: cannot start so many threads\n");
        atomic_store_explicit(&plan.stop, 2, memory_order_relaxed); /* a hint, it guards no data */
    } else {
        wait_for_workers(workers);
    }
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (uint32_t i = 0; started < plan.threads && i < ready; i++) {
        load_worker_finish(&workers[i]);
    }
    return started == plan.threads;
}

/* ---- the result ---- */

/* What one worker says of how it went. */
static void take_over(load_worker_t *worker, load_result_t *result)
{
    static char failure[sizeof worker->failure];
    if (result->failure == NULL && worker->failure[0] != '\0') {
        memcpy(failure, worker->failure, sizeof failure);
        result->failure = failure;
    }
    if (worker->ledger.error != 0) {
        called_say("load", "load: cannot write %s: %s\n", options.ledger,
                   strerrordesc_np(worker->ledger.error));
        result->failure = "the ledger cannot be written";
    }
    if (worker->killed) {
        result->killed = true;
        result->kill_accepted = worker->kill_accepted;
        result->kill_in_flight = worker->kill_in_flight;
    }
}

/* Adds the workers of one run up, for that run and for the whole. */
static void add_up(load_worker_t *workers, load_result_t *result)
{
    load_step_t *step = &steps[result->step_count++];
    uint64_t begun_ns = workers[0].begun_ns;
    uint64_t ended_ns = workers[0].ended_ns;
    *step = (load_step_t){.rate = plan.schedule.from};
    for (uint32_t i = 0; i < plan.threads; i++) {
        begun_ns = workers[i].begun_ns < begun_ns ? workers[i].begun_ns : begun_ns;
        ended_ns = workers[i].ended_ns > ended_ns ? workers[i].ended_ns : ended_ns;
        plan.first_number = workers[i].next > plan.first_number ? workers[i].next : plan.first_number;
        step->requests += workers[i].tally.requests;
        step->answered += workers[i].tally.answered;
        load_histogram_merge(&step->latency_ns, &workers[i].tally.latency_ns);
        take_over(&workers[i], result);
        load_series_merge(&series, &workers[i].series);
        load_tally_merge(&total, &workers[i].tally, workload.drop_count);
    }
    step->begun_ns = begun_ns;
    step->seconds = ended_ns > begun_ns ? (double)(ended_ns - begun_ns) / 1e9 : 0;
    result->seconds += step->seconds;
}

/* One run for each rate, or a single one; the workers of a run are gone behind it. */
static bool run_all(load_result_t *result)
{
    uint32_t wanted = options.rate_count == 0 ? 1 : options.rate_count;
    load_worker_t *workers = calloc(plan.threads, sizeof *workers);
    bool good = workers != NULL;
    plan.origin_ns = load_now_ns();
    load_series_begin(&series, plan.origin_ns, plan.origin_ns);
    for (uint32_t step = 0; good && step < wanted && result->failure == NULL; step++) {
        if (atomic_load_explicit(&plan.stop, memory_order_relaxed) != 0) { /* a hint, it guards no data */
            break;
        }
        plan_step(step);
        good = run(workers);
        if (good) {
            add_up(workers, result);
        }
        for (uint32_t i = 0; good && i < plan.threads; i++) {
            load_worker_finish(&workers[i]);
        }
    }
    free(workers);
    return good;
}

/* The same beside those who are not measured. */
static bool run_in_the_crowd(load_result_t *result)
{
    bool good = true;
    if (load_crowd_begin(&crowd, &plan, &options)) {
        good = run_all(result);
    }
    bool leave =
        atomic_load_explicit(&plan.stop, memory_order_relaxed) > 1; /* a hint, it guards no data */
    load_crowd_end(&crowd, leave);
    if (crowd.why[0] != '\0' && result->failure == NULL) {
        result->failure = crowd.why;
    }
    if (crowd.runs) {
        load_tally_merge(&total, &crowd.slow.tally, workload.drop_count);
    }
    return good;
}

/* The file that was asked for, and one more for each drop with a latency of its own, and for each rate of
 * a sweep. */
static bool write_hgrm(const load_result_t *result)
{
    char path[4096];
    bool good = load_histogram_save(&result->tally->latency_ns, options.hgrm);
    for (uint32_t i = 0; result->tally->drop_latency_ns != NULL && i < workload.drop_count; i++) {
        int bytes = snprintf(path, sizeof path, "%s.drop-%llu", options.hgrm,
                             (unsigned long long)workload.drops[i].drop_id);
        good = (size_t)bytes < sizeof path &&
               load_histogram_save(&result->tally->drop_latency_ns[i], path) && good;
    }
    for (uint32_t i = 0; result->step_count > 1 && i < result->step_count; i++) {
        int bytes = snprintf(path, sizeof path, "%s.rate-%.0f", options.hgrm, steps[i].rate);
        good = (size_t)bytes < sizeof path && load_histogram_save(&steps[i].latency_ns, path) && good;
    }
    return good;
}

static int report(load_result_t *result)
{
    static slc_drop_info_t books[LOAD_DROPS_MAX];
    static load_check_t checks[LOAD_CHECKS_MAX];
    bool has_books = options.control != NULL && load_books_read(options.control, &workload, books);
    result->check_count = load_checks_run(&workload, result->tally, has_books ? books : NULL, checks);
    load_checks_add_idle(options.idle, crowd.idle_open, checks, &result->check_count);
    result->checks = checks;
    result->ok = result->failure == NULL;
    for (size_t i = 0; i < result->check_count; i++) {
        result->ok = result->ok && checks[i].ok;
    }
    if (result->failure != NULL) {
        called_say("load", "load: %s\n", result->failure);
    }
    /* Where nothing was ever answered there is nothing to tell: nobody was there. */
    bool nobody = result->failure != NULL && result->tally->answered == 0;
    if (options.json) {
        load_report_json(result, stdout);
    } else if (!nobody) {
        load_report_text(result, stdout);
    }
    bool written = fflush(stdout) == 0;
    if (options.hgrm != NULL) {
        written = write_hgrm(result) && written;
    }
    if (options.html != NULL) {
        written = load_page_save(result, &conditions, options.html) && written;
    }
    if (!written) {
        called_say("load", "load: the result cannot be written\n");
    }
    return nobody || !written ? slc_err_exit_code(SLC_ERR_IO)
           : result->ok       ? 0
                              : slc_err_exit_code(SLC_ERR_CHECK_FAILED);
}

int main(int argc, char **argv)
{
    switch (load_options_parse(argc, argv, &options, &workload)) {
    case LOAD_PARSED_DONE:
        return fflush(stdout) == 0 ? 0 : slc_err_exit_code(SLC_ERR_IO);
    case LOAD_PARSED_WRONG:
        return slc_err_exit_code(SLC_ERR_USAGE);
    case LOAD_PARSED_RUN:
        break;
    }
    if (!make_plan() || (options.control != NULL && !load_books_open(options.control, &workload))) {
        return slc_err_exit_code(SLC_ERR_IO);
    }
    load_conditions_begin(&conditions, argc, argv);
    load_result_t result = {.options = &options,
                            .workload = &workload,
                            .tally = &total,
                            .steps = steps,
                            .series = &series,
                            .crowd = &crowd};
    if (!load_tally_init(&total, workload.drop_count) || !run_in_the_crowd(&result)) {
        return slc_err_exit_code(SLC_ERR_NO_MEMORY);
    }
    load_conditions_end(&conditions);
    int code = report(&result);
    load_crowd_finish(&crowd);
    load_series_finish(&series);
    load_tally_finish(&total);
    return code;
}
