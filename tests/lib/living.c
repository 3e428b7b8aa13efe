#include "living.h"

#include "engine/signals.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24

/* What has to hold wherever a test uses this: else the program ends at once. */
#define EXPECT(expression) expect((expression), #expression, "", __LINE__)
#define EXPECT_OK(call, error) expect((call) == SLC_OK, #call, (error).message, __LINE__)

extern char **environ;

/* Behind living_start; stderr of the process itself is the engine's log then. */
static int g_stderr_fd = STDERR_FILENO;

static void expect(bool holds, const char *what, const char *why, int line)
{
    if (!holds) {
        (void)dprintf(g_stderr_fd, "living.c:%d: not so: %s %s\n", line, what, why);
        abort();
    }
}

static void *life(void *context)
{
    living_t *living = context;
    living->ended = slc_engine_run(&living->options, &living->error);
    (void)fprintf(stderr, "ended\n"); /* for who waits for the ready line */
    return NULL;
}

void living_begin(living_t *living, const char *const *extra)
{
    memset(living, 0, sizeof *living);
    (void)snprintf(living->dir, sizeof living->dir, "/tmp/sluice-living-XXXXXX");
    EXPECT(mkdtemp(living->dir) != NULL);
    (void)snprintf(living->data, sizeof living->data, "%s/data", living->dir);
    (void)snprintf(living->log, sizeof living->log, "%s/log", living->dir);
    const char *const always[] = {"sluiced",     "--data-dir", living->data,  "--listen",
                                  "127.0.0.1:0", "--http",     "127.0.0.1:0", "--segment-size",
                                  "4MiB",        "--min-free", "0",           NULL};
    char texts[ARGUMENTS_MAX][128];
    char *arguments[ARGUMENTS_MAX];
    int count = 0;
    for (const char *const *from = always; from != NULL; from = from == always ? extra : NULL) {
        for (const char *const *text = from; *text != NULL; text++, count++) {
            EXPECT(count < ARGUMENTS_MAX && strlen(*text) < sizeof *texts);
            arguments[count] = memcpy(texts[count], *text, strlen(*text) + 1);
        }
    }
    EXPECT_OK(slc_options_parse(count, arguments, environ, &living->options, &living->error),
              living->error);
    EXPECT(slc_signals_block());
    living->stderr_fd = g_stderr_fd = dup(STDERR_FILENO);
    EXPECT(living->stderr_fd >= 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

void living_finish(living_t *living)
{
    EXPECT(nftw(living->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
    EXPECT(close(living->stderr_fd) == 0);
    g_stderr_fd = STDERR_FILENO;
}

/* The last line of this life's log that begins so, or NULL. */
static const char *line_of(const char *text, const char *begin)
{
    for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, begin, strlen(begin)) == 0) {
            return at;
        }
    }
    return NULL;
}

bool living_start(living_t *living)
{
    char text[65536];
    int log = open(living->log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    EXPECT(log >= 0);
    off_t begins = lseek(log, 0, SEEK_END);
    EXPECT(dup2(log, STDERR_FILENO) == STDERR_FILENO);
    living->ended = SLC_OK;
    EXPECT(pthread_create(&living->thread, NULL, life, living) == 0);
    const char *ready = NULL;
    bool over = false;
    while (ready == NULL && !over) {
        ssize_t bytes = pread(log, text, sizeof text - 1, begins);
        EXPECT(bytes >= 0);
        text[bytes] = '\0';
        char *end = strrchr(text, '\n');
        if (end == NULL) {
            continue; /* not yet a whole line */
        }
        end[1] = '\0';
        ready = line_of(text, "ready ");
        over = line_of(text, "ended") != NULL;
        (void)usleep(1000);
    }
    EXPECT(close(log) == 0);
    if (ready == NULL) {
        EXPECT(pthread_join(living->thread, NULL) == 0);
        EXPECT(dup2(living->stderr_fd, STDERR_FILENO) == STDERR_FILENO);
        return false;
    }
    EXPECT(sscanf(ready, "ready listen=%159s control=%159s http=%159s", living->listen, living->control,
                  living->http) == 3);
    return true;
}

slc_err_t living_refused(const slc_options_t *options, slc_error_t *ret_error)
{
    int ends[2];
    int status;
    EXPECT(pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
        slc_error_t error = {0};
        slc_err_t err = slc_engine_run(options, &error);
        _exit(write(ends[1], &error, sizeof error) == (ssize_t)sizeof error ? (int)err : 255);
    }
    EXPECT(read(ends[0], ret_error, sizeof *ret_error) == (ssize_t)sizeof *ret_error);
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status));
    EXPECT(close(ends[0]) == 0);
    EXPECT(close(ends[1]) == 0);
    return (slc_err_t)WEXITSTATUS(status);
}

void living_stop(living_t *living)
{
    EXPECT(kill(getpid(), SIGTERM) == 0);
    EXPECT(pthread_join(living->thread, NULL) == 0);
    EXPECT(dup2(living->stderr_fd, STDERR_FILENO) == STDERR_FILENO);
    EXPECT_OK(living->ended, living->error);
}

const slc_control_reply_t *living_call(const living_t *living, const slc_control_request_t *request)
{
    static slc_control_reply_t reply;
    slc_control_t *control;
    slc_error_t error;
    EXPECT_OK(slc_control_connect(living->control, 0, &control, &error), error);
    EXPECT_OK(slc_control_call(control, request, &reply, &error), error);
    slc_control_close(control);
    return &reply;
}

slc_status_t living_buy(const living_t *living, uint64_t drop_id, const char *user)
{
    slc_client_t *client;
    slc_error_t error;
    slc_buy_reply_t reply;
    slc_buy_t buy = {.request_id = 1, .drop_id = drop_id, .user = {user, strlen(user)}};
    EXPECT_OK(slc_client_connect(living->listen, "test", NULL, 0, &client, &error), error);
    EXPECT_OK(slc_client_buy(client, &buy, &reply, &error), error);
    slc_client_close(client);
    return reply.status;
}

const char *living_get(const living_t *living, const char *path)
{
    static char answer[1 << 18];
    char request[256];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)strtoul(strrchr(living->http, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(fd >= 0);
    EXPECT(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    EXPECT(send(fd, request, (size_t)length, MSG_NOSIGNAL) == length);
    size_t used = 0;
    ssize_t got;
    while ((got = recv(fd, answer + used, sizeof answer - 1 - used, 0)) > 0) {
        used += (size_t)got;
        EXPECT(used < sizeof answer - 1); /* longer than the test has room for */
    }
    answer[used] = '\0';
    EXPECT(close(fd) == 0);
    return answer;
}

void living_until(bool (*is_so)(void *context), void *context)
{
    while (!is_so(context)) {
        (void)usleep(2000);
    }
}
