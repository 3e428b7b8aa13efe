/* Who is at the fair of stress-engine without buying: an operator, onlookers of the HTTP, and somebody
 * who sends signals and listens like systemd. */
#include "engine_stress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool goes_on(const fair_t *fair)
{
    return !atomic_load_explicit(&fair->sold_out, memory_order_relaxed); /* nothing follows from it */
}

/* ---- the operator ---- */

void operator_call(slc_control_t *control, const slc_control_request_t *request,
                   slc_control_reply_t *reply, uint64_t heard[SLC_STATUS_COUNT])
{
    slc_error_t error = {0};
    slc_err_t err = slc_control_call(control, request, reply, &error);
    STRESS_EXPECT(err == SLC_OK, "a call: %s", error.message);
    STRESS_EXPECT(reply->status > SLC_STATUS_UNSPECIFIED && reply->status < SLC_STATUS_COUNT, "status %d",
                  (int)reply->status);
    heard[reply->status]++;
}

/* Until it is accepted: a next segment may come too late now and then, which makes it read-only. */
static void insist(operator_t *operator, slc_control_t * control, const slc_control_request_t *request,
                   slc_control_reply_t *reply)
{
    do {
        operator_call(control, request, reply, operator->heard);
    } while (reply->status == SLC_STATUS_READ_ONLY);
    STRESS_EXPECT(reply->status == SLC_STATUS_ACCEPTED, "op %d of drop %" PRIu64 ": %s: %s",
                  (int)request->op, request->drop_id, slc_status_name((int)reply->status),
                  reply->message);
}

static void look_around(operator_t *operator, slc_control_t * control, uint64_t drop_id,
                        slc_control_reply_t *reply, uint64_t *state)
{
    const slc_control_request_t looks[] = {
        {.op = SLC_CONTROL_GET_STATUS},
        {.op = SLC_CONTROL_LIST_DROPS, .page_size = 10},
        {.op = SLC_CONTROL_GET_DROP, .drop_id = drop_id},
        {.op = SLC_CONTROL_ADJUST_STOCK, .drop_id = drop_id, .delta = 5},
        {.op = SLC_CONTROL_TAKE_SNAPSHOT},
    };
    for (uint64_t count = stress_random(state) % 6; count > 0; count--) {
        operator_call(control, &looks[stress_random(state) % (sizeof looks / sizeof *looks)],
                      reply, operator->heard);
        fair_nap_us(stress_random(state) % 2000);
    }
    /* relaxed: a number, of which the journal decides what it is worth */
    uint64_t order_id = atomic_exchange_explicit(&operator->fair->regretted, 0, memory_order_relaxed);
    if (order_id != 0) {
        const slc_control_request_t cancel = {.op = SLC_CONTROL_CANCEL_ORDER, .order_id = order_id};
        operator_call(control, &cancel, reply, operator->heard);
    }
}

void *operator_main(void *context)
{
    operator_t *operator= context;
    fair_t *fair = operator->fair;
    slc_control_reply_t *reply = malloc(sizeof *reply);
    slc_control_t *control = NULL;
    slc_error_t error = {0};
    uint64_t state = stress_seed(fair->seeds + 20);
    uint64_t drop_id = 1000000 * (fair->life + 1);
    STRESS_EXPECT(reply != NULL, "no memory for a reply");
    slc_err_t err = slc_control_connect(fair->living->control, 0, &control, &error);
    STRESS_EXPECT(err == SLC_OK, "the operator: %s", error.message);
    do {
        drop_id++;
        const slc_control_request_t open = {
            .op = SLC_CONTROL_OPEN_DROP, .drop_id = drop_id, .stock = 40, .name = "for a moment"};
        insist(operator, control, &open, reply);
        atomic_store_explicit(&fair->passing, drop_id, memory_order_relaxed); /* see engine_stress.h */
        look_around(operator, control, drop_id, reply, &state);
        insist(operator, control,
               &(slc_control_request_t){.op = SLC_CONTROL_CLOSE_DROP, .drop_id = drop_id}, reply);
        look_around(operator, control, drop_id, reply, &state);
        insist(operator, control,
               &(slc_control_request_t){.op = SLC_CONTROL_PURGE_DROP, .drop_id = drop_id}, reply);
        operator->purged++;
    } while (goes_on(fair));
    slc_control_close(control);
    free(reply);
    return NULL;
}

/* ---- onlookers ---- */

#define HANGING 4u
#define ANSWER_BYTES ((size_t)1 << 18)

typedef struct look {
    onlooker_t *onlooker;
    char *answer; /* ANSWER_BYTES, NUL-terminated */
    int hanging[HANGING];
    uint64_t state;
    uint64_t accepted; /* as the last /metrics had it */
} look_t;

static int connect_http(const living_t *living)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)strtoul(strrchr(living->http, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    STRESS_EXPECT(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0,
                  "no connection to HTTP: %s", strerror(errno));
    return fd;
}

static void ask(int fd, const char *path, size_t left_out)
{
    char request[128];
    int bytes = snprintf(request, sizeof request,
                         "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    size_t sent = (size_t)bytes - left_out;
    STRESS_EXPECT(send(fd, request, sent, MSG_NOSIGNAL) == (ssize_t)sent, "a GET: %s", strerror(errno));
}

static void read_whole(look_t *look, int fd, const char *path)
{
    size_t used = 0;
    ssize_t got;
    while ((got = recv(fd, look->answer + used, ANSWER_BYTES - 1 - used, 0)) > 0) {
        used += (size_t)got;
        STRESS_EXPECT(used < ANSWER_BYTES - 1, "%s is longer than there is room for", path);
    }
    look->answer[used] = '\0';
    STRESS_EXPECT(got == 0 && strncmp(look->answer, "HTTP/1.1 ", 9) == 0, "%s: no answer: %s", path,
                  look->answer);
    look->onlooker->read++;
    const char *accepted = strstr(look->answer, "\nsluice_requests_total{status=\"accepted\"} ");
    STRESS_EXPECT(strcmp(path, "/metrics") != 0 || accepted != NULL, "no count in: %s", look->answer);
    if (accepted != NULL) {
        uint64_t now = strtoull(strchr(accepted, ' ') + 1, NULL, 10);
        STRESS_EXPECT(now >= look->accepted, "a count fell from %" PRIu64 " to %" PRIu64, look->accepted,
                      now);
        look->accepted = now;
    }
}

static void look_once(look_t *look)
{
    static const char *const paths[] = {"/metrics", "/metrics", "/status", "/drops", "/", "/readyz"};
    char path[64];
    char some[16];
    uint64_t draw = stress_random(&look->state);
    fair_t *fair = look->onlooker->fair;
    (void)snprintf(path, sizeof path, "%s", paths[(draw >> 8) % (sizeof paths / sizeof *paths)]);
    if (draw % 8 == 0) {
        uint64_t passing = atomic_load_explicit(&fair->passing, memory_order_relaxed);
        (void)snprintf(path, sizeof path, "/drops/%" PRIu64, passing == 0 ? 1 : passing);
    }
    int fd = connect_http(fair->living);
    if (draw % 8 < 6) {
        ask(fd, path, 0);
        read_whole(look, fd, path);
        STRESS_EXPECT(close(fd) == 0, "close: %s", strerror(errno));
        return;
    }
    look->onlooker->abandoned++;
    if (draw % 8 == 6) { /* gone behind the first bytes of the answer */
        ask(fd, path, 0);
        (void)recv(fd, some, sizeof some, 0);
        STRESS_EXPECT(close(fd) == 0, "close: %s", strerror(errno));
        return;
    }
    ask(fd, path, 1 + (draw >> 16) % 8); /* the end of the request does not come, for a while */
    int *place = &look->hanging[(draw >> 24) % HANGING];
    STRESS_EXPECT(*place < 0 || close(*place) == 0, "close: %s", strerror(errno));
    *place = fd;
}

void *onlooker_main(void *context)
{
    onlooker_t *onlooker = context;
    look_t look = {.onlooker = onlooker,
                   .answer = malloc(ANSWER_BYTES),
                   .hanging = {-1, -1, -1, -1},
                   .state = stress_seed(onlooker->fair->seeds + 30 + onlooker->number)};
    STRESS_EXPECT(look.answer != NULL, "no memory for an answer");
    do {
        look_once(&look);
        fair_nap_us(stress_random(&look.state) % 4000);
    } while (goes_on(onlooker->fair));
    /* Half of them still hang when the engine stops: they go with the process. */
    for (uint32_t i = 0; i < HANGING / 2; i++) {
        STRESS_EXPECT(look.hanging[i] < 0 || close(look.hanging[i]) == 0, "close: %s", strerror(errno));
    }
    free(look.answer);
    return NULL;
}

/* ---- signals, and what systemd would hear ---- */

void *sender_main(void *context)
{
    const fair_t *fair = context;
    for (uint64_t turn = 0; goes_on(fair); turn++) {
        STRESS_EXPECT(kill(getpid(), turn % 8 == 0 ? SIGHUP : SIGUSR1) == 0, "a signal: %s",
                      strerror(errno));
        fair_nap_us(3000);
    }
    return NULL;
}

void *manager_main(void *context)
{
    manager_t *manager = context;
    char heard[256];
    for (;;) {
        ssize_t got = recv(manager->socket, heard, sizeof heard - 1, 0);
        STRESS_EXPECT(got >= 0, "the manager's socket: %s", strerror(errno));
        heard[got] = '\0';
        if (strstr(heard, "WATCHDOG=1") != NULL) {
            atomic_fetch_add_explicit(&manager->beats, 1, memory_order_relaxed); /* only a number */
        }
    }
}
