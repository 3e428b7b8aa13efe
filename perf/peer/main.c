/* A peer's client: the closed loop of perf/load on something else than Sluice, one thread, one epoll, the
 * same buyers, the same histogram. What speaks to the peer is its kind (kind.h); this is what they share.
 * Failure: exit 1 where a sum is wrong, 2 usage, 5 where the peer or the system refuses something. */
#include "../load/worker.h"
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 256
#define TICK_MS 50
#define SILENCE_NS UINT64_C(30000000000)
/* As perf/load: answers of one read came at most a microsecond apart. */
#define ANSWERS_A_CLOCK 16

static peer_options_t options;
static peer_tally_t tally;
static load_workload_t workload;
static peer_link_t *links;
static int epoll_fd;
static uint64_t now_ns;
static uint32_t answers; /* since the clock was read */
static uint64_t in_flight;
static bool asking = true;

uint64_t peer_buyer(uint64_t number, char *ret_user)
{
    load_request_t request;
    load_workload_request(&workload, number, &request);
    memcpy(ret_user, request.user, LOAD_USER_BYTES);
    return request.order_key;
}

void peer_answered(peer_link_t *link, uint32_t count, uint32_t accepted)
{
    if (count > link->waiting || accepted > count) {
        (void)peer_fail("an answer came that nothing waited for");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (answers++ % ANSWERS_A_CLOCK == 0) {
            now_ns = load_now_ns();
        }
        load_histogram_record(&tally.latency_ns, now_ns - link->begun_ns[link->first]);
        link->first = link->first + 1 == options.window ? 0 : link->first + 1;
    }
    link->waiting -= count;
    in_flight -= count;
    tally.accepted += accepted;
    tally.refused += count - accepted;
    tally.ended_ns = now_ns;
}

/* ---- the loop ---- */

static uint64_t left_to_ask(void)
{
    return options.requests == 0 ? UINT64_MAX : options.requests - tally.asked;
}

static bool fill(peer_link_t *link)
{
    while (asking && options.window - link->waiting >= options.batch && left_to_ask() > 0) {
        uint64_t left = left_to_ask();
        uint32_t count = left < options.batch ? (uint32_t)left : options.batch;
        if (!PEER_KIND.ask(link, tally.asked, count)) {
            return false;
        }
        for (uint32_t i = 0; i < count; i++) {
            link->begun_ns[(link->first + link->waiting++) % options.window] = now_ns;
        }
        tally.asked += count;
        in_flight += count;
    }
    return true;
}

static bool flush(peer_link_t *link)
{
    bool all = true;
    if (!PEER_KIND.write(link, &all)) {
        return false;
    }
    if (all == link->watches_writing) {
        link->watches_writing = !all;
        struct epoll_event event = {.events = EPOLLIN | (all ? 0u : (uint32_t)EPOLLOUT),
                                    .data.ptr = link};
        return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, link->fd, &event) == 0 || peer_fail("epoll_ctl");
    }
    return true;
}

static bool handle(peer_link_t *link, uint32_t events)
{
    answers = 0; /* what came by another read has a time of its own */
    if ((events & ~(uint32_t)EPOLLOUT) != 0 && !PEER_KIND.read(link)) {
        return false;
    }
    return fill(link) && flush(link);
}

static bool open_all(void)
{
    links = calloc(options.connections, sizeof *links);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (links == NULL || epoll_fd < 0) {
        return peer_fail("cannot begin: %s", strerrordesc_np(errno));
    }
    for (uint32_t i = 0; i < options.connections; i++) {
        links[i].begun_ns = calloc(options.window, sizeof *links[i].begun_ns);
        if (links[i].begun_ns == NULL || !PEER_KIND.open(&options, &links[i])) {
            return peer_fail("cannot connect to %s", options.at);
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &links[i]};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, links[i].fd, &event) != 0) {
            return peer_fail("epoll_ctl: %s", strerrordesc_np(errno));
        }
    }
    return true;
}

static bool run(void)
{
    struct epoll_event events[EVENTS];
    tally.begun_ns = tally.ended_ns = now_ns = load_now_ns();
    for (uint32_t i = 0; i < options.connections; i++) {
        now_ns = load_now_ns();
        if (!fill(&links[i]) || !flush(&links[i])) {
            return false;
        }
    }
    while (in_flight > 0 && peer_failure() == NULL) {
        int count = epoll_wait(epoll_fd, events, EVENTS, TICK_MS);
        now_ns = load_now_ns();
        asking = options.requests != 0 || now_ns - tally.begun_ns < (uint64_t)(options.seconds * 1e9);
        for (int i = 0; i < count; i++) {
            if (!handle(events[i].data.ptr, events[i].events)) {
                return false;
            }
        }
        if (now_ns > tally.ended_ns + SILENCE_NS) {
            return peer_fail("no answer for 30 s, and %llu requests wait", (unsigned long long)in_flight);
        }
    }
    return peer_failure() == NULL;
}

static void close_all(void)
{
    for (uint32_t i = 0; links != NULL && i < options.connections; i++) {
        if (links[i].inside != NULL) {
            PEER_KIND.close(&links[i]);
        }
        free(links[i].begun_ns);
    }
    free(links);
}

int main(int argc, char **argv)
{
    if (!peer_options_parse(argc, argv, &options)) {
        return 2;
    }
    if (options.batch > 1 && !PEER_KIND.has_batches) {
        (void)fprintf(stderr, "%s: it has no batches\n", PEER_KIND.name);
        return 2;
    }
    workload.drops[0] = (load_drop_t){.drop_id = 1, .weight = 1};
    workload.drop_count = 1;
    workload.keys = true;
    workload.users = 1000000;
    workload.quantity = 1;
    workload.seed = 1;
    load_workload_prepare(&workload);
    peer_books_t books = {.left = 0};
    bool good = PEER_KIND.prepare(&options) && open_all() && run();
    close_all();
    if (!good || !PEER_KIND.books(&options, &books)) {
        (void)fprintf(stderr, "%s: %s\n", PEER_KIND.name,
                      peer_failure() != NULL ? peer_failure() : "no books");
        return 5;
    }
    const char *wrong = peer_tally_wrong(&tally, &books, options.stock, PEER_KIND.has_stock);
    peer_tally_print(&tally, &books, wrong, options.json, stdout);
    if (wrong != NULL) {
        (void)fprintf(stderr, "%s: %s\n", PEER_KIND.name, wrong);
    }
    return fflush(stdout) != 0 ? 5 : wrong == NULL ? 0 : 1;
}
