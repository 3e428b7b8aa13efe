#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* The other screen, no cursor, what is too long for a line is cut by the terminal; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[H\033[2J"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

/* Used by the handlers: set before they are installed, and not changed while they are. */
static struct termios keys_before;
static struct termios keys_raw;
static volatile sig_atomic_t has_keys;
static volatile sig_atomic_t redraw;

uint64_t sluice_screen_now_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool sluice_screen_is_there(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

static bool write_all(const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t done = write(STDOUT_FILENO, bytes, count);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        bytes += done > 0 ? done : 0;
        count -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

/* ---- what the handlers do: only calls that are safe in one ---- */

static void give_back(void)
{
    (void)write_all(LEAVE, sizeof LEAVE - 1);
    if (has_keys) {
        /* Drops the keys that were pressed at the view, so that none becomes a command of the shell. */
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys_before);
    }
}

static void take(void)
{
    if (has_keys) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &keys_raw);
    }
    (void)write_all(ENTER, sizeof ENTER - 1);
}

static void on_end(int number)
{
    give_back();
    if (number == SIGINT) {
        _exit(0); /* Ctrl-C is the ordinary way out */
    }
    /* The others mean what they always mean. The handler was installed for one time only. */
    (void)raise(number);
}

static void on_stop(int number)
{
    int before = errno;
    (void)number;
    give_back();
    (void)raise(SIGSTOP);
    take();
    redraw = 1;
    errno = before;
}

static void on_resize(int number)
{
    (void)number;
    redraw = 1;
}

/* ---- the screen ---- */

static const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH};

/* Blocked or not: what they draw and what we draw must not mix, see sluice_screen_show. */
static void block_handled(int how)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        (void)sigaddset(&set, handled[i]);
    }
    (void)sigprocmask(how, &set, NULL);
}

static void install(void)
{
    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        struct sigaction action = {.sa_handler = handled[i] == SIGWINCH  ? on_resize
                                                 : handled[i] == SIGTSTP ? on_stop
                                                                         : on_end};
        /* One at a time. SIGTTOU stays open: who takes the terminal in the background has to stop. */
        (void)sigemptyset(&action.sa_mask);
        for (size_t other = 0; other < sizeof handled / sizeof handled[0]; other++) {
            (void)sigaddset(&action.sa_mask, handled[other]);
        }
        action.sa_flags = action.sa_handler == on_end ? (int)SA_RESETHAND : 0;
        (void)sigaction(handled[i], &action, NULL);
    }
}

bool sluice_screen_open(void)
{
    if (!sluice_screen_is_there()) {
        return false;
    }
    has_keys = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &keys_before) == 0;
    if (has_keys) {
        keys_raw = keys_before;
        keys_raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    }
    install();
    block_handled(SIG_BLOCK);
    take();
    block_handled(SIG_UNBLOCK);
    return true;
}

void sluice_screen_close(void)
{
    block_handled(SIG_BLOCK);
    give_back();
    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        (void)signal(handled[i], SIG_DFL);
    }
    block_handled(SIG_UNBLOCK);
}

void sluice_screen_size(int *ret_width, int *ret_height)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *ret_width = known ? size.ws_col : 80;
    *ret_height = known ? size.ws_row : 24;
}

/* Home, each line cleared behind its text, the rest of the screen cleared: nothing flickers. */
bool sluice_screen_show(const char *text, size_t bytes)
{
    char *out = NULL;
    size_t out_bytes = 0;
    FILE *stream = open_memstream(&out, &out_bytes);
    if (stream == NULL) {
        return false;
    }
    (void)fputs("\033[H", stream);
    const char *end = text + bytes;
    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((line_end == NULL ? end : line_end) - text);
        (void)fwrite(text, 1, length, stream);
        text += length + 1;
        /* No line break behind the last line: it would scroll. */
        (void)fputs(text < end ? "\033[K\n" : "\033[K", stream);
    }
    (void)fputs("\033[J", stream);
    bool whole = fclose(stream) == 0;
    /* A handler that gave the terminal back within a frame would leave the frame's rest behind on it. */
    block_handled(SIG_BLOCK);
    whole = whole && write_all(out, out_bytes);
    block_handled(SIG_UNBLOCK);
    free(out);
    return whole;
}

static struct timespec left_until(uint64_t until_ns)
{
    uint64_t now_ns = sluice_screen_now_ns();
    uint64_t left_ns = now_ns < until_ns ? until_ns - now_ns : 0;
    return (struct timespec){.tv_sec = (time_t)(left_ns / 1000000000u),
                             .tv_nsec = (long)(left_ns % 1000000000u)};
}

static bool wants_to_leave(void)
{
    char pressed[64];
    ssize_t count = read(STDIN_FILENO, pressed, sizeof pressed);
    if (count <= 0) {
        has_keys = count < 0 && errno == EINTR; /* otherwise nobody is there any more */
        return false;
    }
    return memchr(pressed, 'q', (size_t)count) != NULL || memchr(pressed, 'Q', (size_t)count) != NULL;
}

sluice_wake_t sluice_screen_wait(uint64_t until_ns)
{
    for (;;) {
        sigset_t during;
        struct pollfd keys = {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN};
        struct timespec left = left_until(until_ns);
        /* Blocked between the look at `redraw` and the wait, or a signal in between would be slept over.
         */
        block_handled(SIG_BLOCK);
        if (redraw != 0) {
            redraw = 0;
            block_handled(SIG_UNBLOCK);
            return SLUICE_WAKE_REDRAW;
        }
        (void)sigprocmask(SIG_BLOCK, NULL, &during);
        for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
            (void)sigdelset(&during, handled[i]);
        }
        int ready = ppoll(&keys, 1, &left, &during);
        block_handled(SIG_UNBLOCK);
        if (ready == 0) {
            return SLUICE_WAKE_TIME;
        }
        if (ready > 0 && wants_to_leave()) {
            return SLUICE_WAKE_QUIT;
        }
    }
}

void sluice_screen_sleep(uint64_t until_ns)
{
    for (;;) {
        struct timespec left = left_until(until_ns);
        if ((left.tv_sec == 0 && left.tv_nsec == 0) || nanosleep(&left, NULL) == 0) {
            return;
        }
    }
}
