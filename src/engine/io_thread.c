#include "engine/io_thread.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "control/control.h"
#include "engine/io_accept.h"
#include "ingress/ingress.h"
#include "reply/reply.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
/* How often deadlines are looked at while any is running. */
#define SWEEP_INTERVAL_NS (UINT64_C(250) * 1000 * 1000)
/* How long a peer may take for its last answers when the server stops. */
#define FAREWELL_NS (UINT64_C(3) * 1000 * 1000 * 1000)
/* Turns without work before the thread sleeps; each offers its core to the stations. */
#define TURNS_BEFORE_SLEEP 2
#define CODEC_ARENA_BYTES ((size_t)256 * 1024)

struct slc_io {
    slc_io_config_t config;
    pthread_t thread;
    int epoll_fd;
    slc_connections_t connections;
    slc_codec_t *codec;
    slc_ingress_t ingress;
    slc_control_ingress_t control;
    slc_reply_t reply;
    slc_acceptor_t acceptor; /* of the first I/O thread */
    slc_mailbox_t mailbox;   /* connections that another I/O thread accepted */
    uint64_t sweep_at_ns;    /* 0: no deadline is running */
    _Atomic bool stop;       /* asked by the main thread */
    _Atomic bool quiet;      /* answered: nothing more is taken in */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    SLC_CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool watch(slc_io_t *io, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};
    return epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void adopt(void *context, int fd, slc_peer_t peer)
{
    slc_io_t *io = context;
    slc_connection_t *connection = NULL;
    /* Operators keep some places of their own, so that a flood of buyers does not shut them out. */
    if (peer == SLC_PEER_OPERATOR || io->connections.free_count > SLC_OPERATOR_PLACES) {
        connection = slc_connection_open(&io->connections, fd, peer);
    }
    if (connection == NULL) {
        slc_acceptor_refuse(fd, peer);
        return;
    }
    uint64_t tag = slc_conn_id(SLC_TAG_CONNECTION, connection->index, connection->generation);
    if (!watch(io, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, tag)) {
        SLC_LOG_LIMITED(1, SLC_LOG_WARN, "cannot watch a connection: errno %d", errno);
        slc_connection_close(&io->connections, connection);
    }
}

/* What epoll says of one descriptor. */
static void on_event(slc_io_t *io, const struct epoll_event *event)
{
    uint64_t tag = event->data.u64;
    if (slc_conn_io(tag) == SLC_TAG_LISTENER) {
        slc_acceptor_turn(&io->acceptor, slc_conn_index(tag), io->connections.now_ns);
        return;
    }
    if (slc_conn_io(tag) == SLC_TAG_BELL) {
        slc_bell_answer(io->config.bell);
        slc_mailbox_empty(&io->mailbox, adopt, io);
        return;
    }
    slc_connection_t *connection =
        slc_connection_find(&io->connections, slc_conn_index(tag), slc_conn_generation(tag));
    if (connection == NULL) {
        return; /* closed earlier in this turn */
    }
    if ((event->events & EPOLLOUT) != 0) {
        slc_connection_writable(&io->connections, connection);
    }
    if ((event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        connection->hangup = true;
    }
    if ((event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        slc_connection_make_ready(&io->connections, connection);
    }
}

/* Everything that can be done without waiting: how much it was. */
static uint64_t work(slc_io_t *io, bool may_take_in)
{
    io->connections.now_ns = now_ns();
    uint64_t done = (uint64_t)slc_reply_turn(&io->reply);
    if (may_take_in) {
        done += slc_ingress_turn(&io->ingress);
    }
    slc_connections_flush(&io->connections);
    if (done > 0 && io->sweep_at_ns == 0) {
        io->sweep_at_ns = io->connections.now_ns + SWEEP_INTERVAL_NS;
    }
    if (io->sweep_at_ns != 0 && io->connections.now_ns >= io->sweep_at_ns) {
        bool running = slc_connections_sweep(&io->connections);
        io->sweep_at_ns = running ? io->connections.now_ns + SWEEP_INTERVAL_NS : 0;
    }
    return done;
}

static int sleep_ms(const slc_io_t *io)
{
    /* Input waits for room that another I/O thread's replies will make: nobody rings for that. */
    if (slc_queue_count(&io->connections.ready) > 0) {
        return 1;
    }
    if (slc_acceptor_pauses(&io->acceptor) || io->sweep_at_ns != 0) {
        return (int)(SWEEP_INTERVAL_NS / 1000000u);
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
        if (work(io, may_take_in) == 0 && !slc_mailbox_has(&io->mailbox)) {
            timeout_ms = sleep_ms(io);
            slc_board_reader_sleeps();
        }
    }
    int count = epoll_wait(io->epoll_fd, events, EVENTS_MAX, timeout_ms);
    if (may_sleep) {
        slc_board_reader_wakes();
        slc_bell_disarm(io->config.bell);
        slc_mailbox_empty(&io->mailbox, adopt, io);
    }
    SLC_CHECK(count >= 0 || errno == EINTR);
    io->connections.now_ns = now_ns();
    for (int i = 0; i < count; i++) {
        on_event(io, &events[i]);
    }
    if (count > 0 && io->sweep_at_ns == 0) {
        io->sweep_at_ns = io->connections.now_ns + SWEEP_INTERVAL_NS;
    }
    slc_acceptor_resume(&io->acceptor, io->connections.now_ns);
    return count;
}

static bool has_unsent(slc_io_t *io)
{
    for (uint32_t i = 0; i < io->connections.limits.connections_max; i++) {
        const slc_connection_t *connection = &io->connections.table[i];
        if (connection->phase != SLC_PHASE_FREE && connection->out.begin < connection->out.end) {
            return true;
        }
    }
    return false;
}

/* The ring is closed: what is in it is answered, and sent to whoever takes it in time. */
static void farewell(slc_io_t *io)
{
    uint64_t until_ns = now_ns() + FAREWELL_NS;
    while (now_ns() < until_ns && (!slc_consumer_done(io->config.consumer) || has_unsent(io))) {
        if (work(io, false) == 0) {
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
        uint64_t done = work(io, true);
        slc_board_reader_quiescent();
        idle_turns = done > 0 ? 0 : idle_turns + 1;
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
    slc_connections_finish(&io->connections);
    slc_ingress_finish(&io->ingress);
    slc_codec_destroy(io->codec);
    if (io->epoll_fd >= 0) {
        (void)close(io->epoll_fd);
    }
    free(io);
}

static slc_err_t io_prepare(slc_io_t *io, slc_error_t *ret_error)
{
    slc_err_t err = slc_connections_init(&io->connections, &io->config.limits, ret_error);
    if (err == SLC_OK) {
        err = slc_ingress_init(&io->ingress, ret_error);
    }
    if (err != SLC_OK) {
        return err;
    }
    io->codec = slc_codec_create(CODEC_ARENA_BYTES);
    if (io->codec == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for an I/O thread");
    }
    io->ingress.ring = io->control.ring = io->reply.ring = io->config.ring;
    io->ingress.connections = io->control.connections = io->reply.connections = &io->connections;
    io->ingress.codec = io->control.codec = io->codec;
    io->ingress.io = io->control.io = io->reply.io = io->config.number;
    io->ingress.board = io->config.board;
    io->ingress.take_in_operator = slc_control_take_in;
    io->ingress.operator_context = &io->control;
    io->reply.consumer = io->config.consumer;
    io->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (io->epoll_fd < 0 || !watch(io, io->config.bell->fd, EPOLLIN, slc_conn_id(SLC_TAG_BELL, 0, 0))) {
        return slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot set up epoll");
    }
    return slc_acceptor_init(&io->acceptor, io->config.listeners, io->epoll_fd, io->config.all,
                             io->config.count, ret_error);
}

slc_err_t slc_io_start(const slc_io_config_t *config, slc_io_t **ret_io, slc_error_t *ret_error)
{
    slc_io_t *io = calloc(1, sizeof *io);
    if (io == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for an I/O thread");
    }
    io->config = *config;
    io->epoll_fd = -1;
    slc_mailbox_init(&io->mailbox);
    atomic_init(&io->stop, false);
    atomic_init(&io->quiet, false);
    slc_err_t err = io_prepare(io, ret_error);
    *ret_io = io; /* before the thread looks for itself among all */
    int failed = err == SLC_OK ? pthread_create(&io->thread, NULL, io_main, io) : 0;
    if (failed != 0) {
        err = slc_error_sys(ret_error, SLC_ERR_IO, failed, "cannot start an I/O thread");
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
    return slc_connections_open(&io->connections);
}
