#include "engine/io_thread.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "engine/io_accept.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
/* How long a peer may take for its last answers when the server stops. */
#define FAREWELL_NS (UINT64_C(3) * 1000 * 1000 * 1000)
/* Turns without work before the thread sleeps; each offers its core to the stations. */
#define TURNS_BEFORE_SLEEP 2

struct slc_io {
    slc_io_config_t config;
    pthread_t thread;
    int epoll_fd;
    slc_io_station_t station;
    slc_acceptor_t acceptor; /* of the first I/O thread */
    slc_mailbox_t mailbox;   /* connections that another I/O thread accepted */
    _Atomic bool stop;       /* asked by the main thread */
    _Atomic bool quiet;      /* answered: nothing more is taken in */
    _Atomic bool reopen;     /* asked by the main thread */
    _Atomic uint64_t turns;  /* written by the thread alone */
};

static uint64_t now_ns(const slc_io_t *io)
{
    return io->config.station.sys->monotonic_ns(io->config.station.sys->self);
}

static bool watch(slc_io_t *io, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};
    return epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void adopt(void *context, int fd, slc_peer_t peer)
{
    slc_io_t *io = context;
    slc_connection_t *connection = slc_io_station_adopt(&io->station, fd, peer);
    if (connection == NULL) {
        return;
    }
    uint64_t tag = slc_conn_id(SLC_TAG_CONNECTION, connection->index, connection->generation);
    if (!watch(io, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, tag)) {
        SLC_LOG_LIMITED(1, SLC_LOG_WARN, "cannot watch a connection: errno %d", errno);
        slc_connection_close(&io->station.connections, connection);
    }
}

static bool is_asked_to_reopen(slc_io_t *io)
{
    /* seq_cst: behind the arming of the bell, as the asker's store stands before its ring (bell.h) */
    return io->acceptor.listeners != NULL && atomic_load_explicit(&io->reopen, memory_order_seq_cst);
}

static void reopen(slc_io_t *io)
{
    /* relaxed: taken back before the work, so whoever asks during it is heard again */
    atomic_store_explicit(&io->reopen, false, memory_order_relaxed);
    slc_acceptor_reopen(&io->acceptor, io->station.connections.now_ns);
}

/* What epoll says of one descriptor. */
static void on_event(slc_io_t *io, const struct epoll_event *event)
{
    uint64_t tag = event->data.u64;
    if (slc_conn_io(tag) == SLC_TAG_LISTENER) {
        slc_acceptor_turn(&io->acceptor, slc_conn_index(tag), io->station.connections.now_ns);
        return;
    }
    if (slc_conn_io(tag) == SLC_TAG_BELL) {
        slc_bell_answer(io->config.bell);
        slc_mailbox_empty(&io->mailbox, adopt, io);
        return;
    }
    slc_io_station_news(&io->station, slc_conn_index(tag), slc_conn_generation(tag),
                        (event->events & EPOLLIN) != 0, (event->events & EPOLLOUT) != 0,
                        (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

static int sleep_ms(const slc_io_t *io)
{
    if (slc_io_station_waits_for_room(&io->station)) {
        return 1;
    }
    if (slc_acceptor_pauses(&io->acceptor) || io->station.sweep_at_ns != 0) {
        return (int)(SLC_IO_SWEEP_NS / 1000000u);
    }
    return -1;
}

/* Looks at the sockets; sleeps on them, and on the bell, if `may_sleep` and there is nothing to do. */
static int look(slc_io_t *io, bool may_sleep, bool may_take_in)
{
    struct epoll_event events[EVENTS_MAX];
    int timeout_ms = 0;
    if (may_sleep) {
        slc_bell_arm(io->config.bell);
        /* Once more behind arming: what was decided before it rang no bell. */
        if (slc_io_station_turn(&io->station, may_take_in) == 0 && !slc_mailbox_has(&io->mailbox) &&
            !is_asked_to_reopen(io)) {
            timeout_ms = sleep_ms(io);
            slc_board_reader_sleeps();
        }
    }
    int count = epoll_wait(io->epoll_fd, events, EVENTS_MAX, timeout_ms);
    if (may_sleep) {
        slc_board_reader_wakes();
        slc_bell_disarm(io->config.bell);
    }
    slc_mailbox_empty(&io->mailbox, adopt, io); /* also of a thread that never sleeps */
    SLC_CHECK(count >= 0 || errno == EINTR);
    io->station.connections.now_ns = now_ns(io);
    for (int i = 0; i < count; i++) {
        on_event(io, &events[i]);
    }
    if (count > 0) {
        slc_io_station_watch_deadlines(&io->station);
    }
    slc_acceptor_resume(&io->acceptor, io->station.connections.now_ns);
    return count;
}

/* The ring is closed: what is in it is answered, and sent to whoever takes it in time. */
static void farewell(slc_io_t *io)
{
    uint64_t until_ns = now_ns(io) + FAREWELL_NS;
    while (now_ns(io) < until_ns &&
           (!slc_consumer_done(io->config.station.consumer) || slc_io_station_has_unsent(&io->station))) {
        if (slc_io_station_turn(&io->station, false) == 0) {
            (void)look(io, true, false);
        }
    }
}

static void *io_main(void *context)
{
    slc_io_t *io = context;
    slc_board_reader_register();
    uint32_t idle_turns = 0;
    /* acquire: pairs with slc_io_stop; nothing of the main thread's is read behind it, but its order */
    while (!atomic_load_explicit(&io->stop, memory_order_acquire)) {
        uint64_t done = slc_io_station_turn(&io->station, true);
        slc_board_reader_quiescent();
        /* relaxed, both: who reads it asks whether it grew, and nothing else hangs on it */
        uint64_t turns = atomic_load_explicit(&io->turns, memory_order_relaxed);
        atomic_store_explicit(&io->turns, turns + 1, memory_order_relaxed);
        idle_turns = done > 0 ? 0 : idle_turns + 1;
        if (is_asked_to_reopen(io)) {
            reopen(io);
        }
        bool may_sleep = idle_turns > TURNS_BEFORE_SLEEP && !io->config.busy_spin;
        if (look(io, may_sleep, true) > 0) {
            idle_turns = 0;
        }
    }
    slc_acceptor_close(&io->acceptor);
    /* release: the main thread closes the ring behind this; every claim of this thread is published */
    atomic_store_explicit(&io->quiet, true, memory_order_release);
    farewell(io);
    slc_board_reader_unregister();
    return NULL;
}

static void io_destroy(slc_io_t *io)
{
    slc_mailbox_finish(&io->mailbox);
    slc_io_station_finish(&io->station);
    if (io->epoll_fd >= 0) {
        (void)close(io->epoll_fd);
    }
    free(io);
}

static slc_err_t io_prepare(slc_io_t *io, slc_error_t *ret_error)
{
    slc_err_t err = slc_io_station_init(&io->station, &io->config.station, ret_error);
    if (err != SLC_OK) {
        return err;
    }
    io->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (io->epoll_fd < 0 || !watch(io, io->config.bell->fd, EPOLLIN, slc_conn_id(SLC_TAG_BELL, 0, 0))) {
        return slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot set up epoll");
    }
    return slc_acceptor_init(&io->acceptor, io->config.listeners, io->config.station.net, io->epoll_fd,
                             io->config.all, io->config.count, ret_error);
}

slc_err_t slc_io_start(const slc_io_config_t *config, slc_io_t **ret_io, slc_error_t *ret_error)
{
    slc_io_t *io = calloc(1, sizeof *io);
    if (io == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for an I/O thread");
    }
    io->config = *config;
    io->epoll_fd = -1;
    slc_mailbox_init(&io->mailbox, config->station.net);
    atomic_init(&io->stop, false);
    atomic_init(&io->quiet, false);
    atomic_init(&io->reopen, false);
    atomic_init(&io->turns, 0);
    slc_err_t err = io_prepare(io, ret_error);
    *ret_io = io; /* before the thread looks for itself among all */
    if (err == SLC_OK) {
        char name[16];
        (void)snprintf(name, sizeof name, "slc-io-%u", (unsigned)config->station.number % 1000);
        err = slc_thread_start(&io->thread, name, io_main, io, ret_error);
    }
    if (err != SLC_OK) {
        *ret_io = NULL;
        io_destroy(io);
    }
    return err;
}

void slc_io_stop(slc_io_t *io)
{
    /* release: see io_main */
    atomic_store_explicit(&io->stop, true, memory_order_release);
    /* acquire: behind it, all that the thread claimed is published */
    while (!atomic_load_explicit(&io->quiet, memory_order_acquire)) {
        slc_bell_ring(io->config.bell);
        struct timespec pause = {.tv_nsec = 100000};
        (void)nanosleep(&pause, NULL);
    }
}

void slc_io_join(slc_io_t *io)
{
    if (io == NULL) {
        return;
    }
    slc_bell_ring(io->config.bell);
    SLC_CHECK(pthread_join(io->thread, NULL) == 0);
    io_destroy(io);
}

void slc_io_take(slc_io_t *io, int fd, slc_peer_t peer)
{
    slc_mailbox_put(&io->mailbox, fd, peer);
    slc_bell_ring(io->config.bell);
}

uint64_t slc_io_connections(const slc_io_t *io)
{
    return slc_connections_open(&io->station.connections);
}

uint64_t slc_io_turns(const slc_io_t *io)
{
    /* relaxed: see io_main */
    return atomic_load_explicit(&io->turns, memory_order_relaxed);
}

void slc_io_reopen(slc_io_t *io)
{
    /* seq_cst: before the ring; see is_asked_to_reopen */
    atomic_store_explicit(&io->reopen, true, memory_order_seq_cst);
    slc_bell_ring(io->config.bell);
}

const slc_session_meters_t *slc_io_meters(const slc_io_t *io)
{
    return io->station.connections.meters;
}
