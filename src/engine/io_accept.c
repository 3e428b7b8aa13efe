#include "engine/io_accept.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/io_station.h"
#include "engine/io_thread.h"

#include <errno.h>
#include <sys/epoll.h>

#define ACCEPTS_A_TURN 64
#define PAUSE_NS (UINT64_C(100) * 1000 * 1000)

static slc_err_t listeners_watch(slc_acceptor_t *acceptor, slc_error_t *ret_error)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = slc_conn_id(SLC_TAG_LISTENER, i, 0)};
        if (epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_ADD, acceptor->listeners[i].fd, &event) != 0) {
            return slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot watch the listening socket %s",
                                 acceptor->listeners[i].name);
        }
    }
    return SLC_OK;
}

static void listeners_ignore(slc_acceptor_t *acceptor)
{
    for (uint32_t i = 0; i < 2; i++) {
        SLC_CHECK(epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_DEL, acceptor->listeners[i].fd, NULL) == 0);
    }
}

slc_err_t slc_acceptor_init(slc_acceptor_t *acceptor, slc_listener_t *listeners, const slc_net_t *net,
                            int epoll_fd, struct slc_io **all, uint32_t count, slc_error_t *ret_error)
{
    *acceptor = (slc_acceptor_t){
        .listeners = listeners, .net = net, .epoll_fd = epoll_fd, .all = all, .count = count};
    return listeners == NULL ? SLC_OK : listeners_watch(acceptor, ret_error);
}

void slc_acceptor_turn(slc_acceptor_t *acceptor, uint32_t which, uint64_t now_ns)
{
    slc_listener_t *listener = &acceptor->listeners[which];
    slc_peer_t peer = listener->is_unix ? SLC_PEER_OPERATOR : SLC_PEER_BUYER;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd;
        slc_accepted_t accepted = slc_listener_accept(listener, &fd);
        if (accepted == SLC_ACCEPTED_ONE) {
            slc_io_take(acceptor->all[acceptor->next++ % acceptor->count], fd, peer);
            continue;
        }
        if (accepted == SLC_ACCEPTED_EXHAUSTED) {
            slc_io_refuse(acceptor->net, fd, peer);
            SLC_LOG_LIMITED(1, SLC_LOG_WARN,
                            "out of descriptors: a connection was refused (raise the limit "
                            "with ulimit -n or LimitNOFILE=)");
            listeners_ignore(acceptor);
            acceptor->resume_at_ns = now_ns + PAUSE_NS;
        }
        break;
    }
    slc_listener_recover(listener);
}

bool slc_acceptor_pauses(const slc_acceptor_t *acceptor)
{
    return acceptor->resume_at_ns != 0;
}

void slc_acceptor_resume(slc_acceptor_t *acceptor, uint64_t now_ns)
{
    if (acceptor->resume_at_ns == 0 || now_ns < acceptor->resume_at_ns) {
        return;
    }
    slc_error_t error;
    acceptor->resume_at_ns = 0;
    if (listeners_watch(acceptor, &error) != SLC_OK) {
        slc_log(SLC_LOG_ERROR, "%s", error.message);
        acceptor->resume_at_ns = now_ns + PAUSE_NS;
    }
}

void slc_acceptor_reopen(slc_acceptor_t *acceptor, uint64_t now_ns)
{
    slc_error_t error;
    slc_listener_t fresh;
    slc_listener_t *old = &acceptor->listeners[1];
    if (!slc_listener_is_lost(old)) {
        return;
    }
    if (slc_listener_init_unix(&fresh, old->name, &error) != SLC_OK) {
        slc_log(SLC_LOG_ERROR, "%s; SIGHUP tries again", error.message);
        return;
    }
    slc_acceptor_turn(acceptor, 1, now_ns);
    if (!slc_acceptor_pauses(acceptor)) {
        listeners_ignore(acceptor);
        acceptor->resume_at_ns = now_ns; /* watched again at once, by slc_acceptor_resume */
    }
    slc_listener_finish(old); /* its name is not its own any more, and stays */
    *old = fresh;
    slc_log(SLC_LOG_INFO, "the control socket %s was gone, and is there again", fresh.name);
}

void slc_acceptor_close(slc_acceptor_t *acceptor)
{
    if (acceptor->listeners != NULL && acceptor->resume_at_ns == 0) {
        listeners_ignore(acceptor);
    }
    acceptor->listeners = NULL;
    acceptor->resume_at_ns = 0;
}

void slc_mailbox_init(slc_mailbox_t *mailbox, const slc_net_t *net)
{
    mailbox->net = net;
    SLC_CHECK(pthread_mutex_init(&mailbox->mutex, NULL) == 0);
    mailbox->count = 0;
}

void slc_mailbox_finish(slc_mailbox_t *mailbox)
{
    for (uint32_t i = 0; i < mailbox->count; i++) {
        (void)mailbox->net->close(mailbox->net->self, mailbox->places[i].fd);
    }
    SLC_CHECK(pthread_mutex_destroy(&mailbox->mutex) == 0);
}

void slc_mailbox_put(slc_mailbox_t *mailbox, int fd, slc_peer_t peer)
{
    SLC_CHECK(pthread_mutex_lock(&mailbox->mutex) == 0);
    bool full = mailbox->count == SLC_MAILBOX_PLACES;
    if (!full) {
        mailbox->places[mailbox->count].fd = fd;
        mailbox->places[mailbox->count].peer = peer;
        mailbox->count++;
    }
    SLC_CHECK(pthread_mutex_unlock(&mailbox->mutex) == 0);
    if (full) {
        slc_io_refuse(mailbox->net, fd, peer);
    }
}

bool slc_mailbox_has(slc_mailbox_t *mailbox)
{
    SLC_CHECK(pthread_mutex_lock(&mailbox->mutex) == 0);
    bool has = mailbox->count > 0;
    SLC_CHECK(pthread_mutex_unlock(&mailbox->mutex) == 0);
    return has;
}

void slc_mailbox_empty(slc_mailbox_t *mailbox, slc_mailbox_fn each, void *context)
{
    SLC_CHECK(pthread_mutex_lock(&mailbox->mutex) == 0);
    for (uint32_t i = 0; i < mailbox->count; i++) {
        each(context, mailbox->places[i].fd, mailbox->places[i].peer);
    }
    mailbox->count = 0;
    SLC_CHECK(pthread_mutex_unlock(&mailbox->mutex) == 0);
}
