#include "workers.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 64u

uint64_t workers_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t number = text == NULL ? 0 : strtoull(text, NULL, 10);
    return number == 0 ? otherwise : number;
}

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Each process does its share: runs job, job + jobs, and so on. */
static void work(const workers_t *workers, unsigned job, unsigned jobs)
{
    uint64_t share = workers->wanted / jobs + (job < workers->wanted % jobs);
    uint64_t runs = 0;
    for (uint64_t run = job;; run += jobs) {
        uint64_t done = workers->done == NULL ? runs : workers->done(*workers->tally);
        if (done >= share) {
            return;
        }
        workers->try_run(workers->context, run);
        runs++;
    }
}

/* True: all of them left with 0. The first that does not takes the others with it. */
static bool await(const pid_t *children, unsigned jobs)
{
    bool good = true;
    for (unsigned left = jobs; left > 0; left--) {
        int status = 0;
        pid_t gone = waitpid(-1, &status, 0);
        if (gone > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            continue;
        }
        if (good && gone > 0 && WIFSIGNALED(status)) {
            (void)fprintf(stderr, "FAILED: a process ended by signal %d\n", WTERMSIG(status));
        }
        for (unsigned i = 0; good && i < jobs; i++) {
            if (children[i] != gone) {
                (void)kill(children[i], SIGKILL);
            }
        }
        good = false;
    }
    return good;
}

static void add_up(const uint64_t *tallies, const workers_t *workers, uint64_t *ret_sum)
{
    for (unsigned job = 0; job < workers->jobs; job++) {
        for (size_t i = 0; i < workers->tally_numbers; i++) {
            ret_sum[i] += tallies[job * workers->tally_numbers + i];
        }
    }
}

static bool share_out(const workers_t *workers, uint64_t *tallies)
{
    pid_t children[JOBS_MAX] = {0};
    (void)fflush(NULL);
    for (unsigned job = 0; job < workers->jobs; job++) {
        children[job] = fork();
        if (children[job] == 0) {
            *workers->tally = tallies + job * workers->tally_numbers;
            work(workers, job, workers->jobs);
            exit(0);
        }
        if (children[job] < 0) {
            perror("fork");
            return false;
        }
    }
    return await(children, workers->jobs);
}

bool workers_run(workers_t *workers, int argc, char **argv, uint64_t *ret_sum)
{
    bool one = argc == 3 && strcmp(argv[1], "--run") == 0;
    if (argc > 1 && !one) {
        (void)fprintf(stderr, "usage: %s [--run N]\n", argv[0]);
        return false;
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t jobs = workers_number("SLC_JOBS", cores > 0 ? (uint64_t)cores : 1);
    workers->jobs = one ? 1 : jobs < JOBS_MAX ? (unsigned)jobs : JOBS_MAX;
    size_t bytes = workers->jobs * workers->tally_numbers * sizeof(uint64_t);
    uint64_t *tallies = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tallies == MAP_FAILED) {
        perror("mmap");
        return false;
    }
    /* Thousands of file systems come and go; nothing goes back to the kernel in between. */
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    (void)mallopt(M_TOP_PAD, 16 << 20);
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    double begun = now();
    bool good = true;
    if (one) {
        *workers->tally = tallies;
        workers->try_run(workers->context, strtoull(argv[2], NULL, 10));
    } else {
        good = share_out(workers, tallies);
    }
    workers->seconds = now() - begun;
    add_up(tallies, workers, ret_sum);
    (void)munmap(tallies, bytes);
    return good;
}
