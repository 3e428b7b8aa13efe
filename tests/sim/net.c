#include "net.h"

#include "base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- queues ---- */

static void queue_put(net_queue_t *queue, const void *bytes, size_t count)
{
    if (queue->begin > 0 && queue->begin == queue->end) {
        queue->begin = queue->end = 0;
    }
    if (queue->end + count > queue->capacity) {
        queue->capacity = (queue->end + count) * 2;
        queue->bytes = realloc(queue->bytes, queue->capacity);
        SLC_CHECK(queue->bytes != NULL);
    }
    memcpy(queue->bytes + queue->end, bytes, count);
    queue->end += count;
}

static size_t queue_take(net_queue_t *queue, void *out, size_t count)
{
    count = count < queue->visible ? count : queue->visible;
    if (count > 0) {
        memcpy(out, queue->bytes + queue->begin, count);
        queue->begin += count;
        queue->visible -= count;
    }
    return count;
}

static size_t queue_held(const net_queue_t *queue)
{
    return queue->end - queue->begin;
}

static void queue_finish(net_queue_t *queue)
{
    free(queue->bytes);
    *queue = (net_queue_t){.bytes = NULL};
}

static net_link_t *link_at(net_t *net, int link)
{
    SLC_CHECK(link >= 0 && (uint32_t)link < NET_LINKS_MAX);
    return &net->links[link];
}

static void free_if_left(net_link_t *link)
{
    if (!link->client_open && !link->engine_open) {
        queue_finish(&link->up);
        queue_finish(&link->down);
        *link = (net_link_t){.client_open = false};
    }
}

static void tell(net_link_t *link, bool readable, bool writable, bool hangup)
{
    link->readable |= readable;
    link->writable |= writable;
    link->hangup |= hangup;
}

/* ---- the engine's table ---- */

static net_link_t *link_of_fd(net_t *net, int fd)
{
    net_link_t *link = link_at(net, fd - NET_FD_BASE);
    SLC_CHECK(link->engine_open); /* the engine uses only what it was given and has not closed */
    return link;
}

static ssize_t table_recv(void *self, int fd, void *bytes, size_t count)
{
    net_link_t *link = link_of_fd(self, fd);
    if (link->reset) {
        return -ECONNRESET;
    }
    size_t taken = queue_take(&link->up, bytes, count);
    if (taken > 0) {
        return (ssize_t)taken;
    }
    return link->up.end_told ? 0 : -EAGAIN;
}

static ssize_t table_send(void *self, int fd, const void *bytes, size_t count)
{
    net_t *net = self;
    net_link_t *link = link_of_fd(net, fd);
    if (net->engine_dead) {
        return (ssize_t)count;
    }
    if (link->reset || !link->client_open) {
        return -EPIPE;
    }
    SLC_CHECK(!link->down.ended);
    size_t held = queue_held(&link->down);
    size_t room = held < link->window ? link->window - held : 0;
    if (room == 0) {
        link->blocked = true;
        net->eagains++;
        return -EAGAIN;
    }
    size_t put = count < room ? count : room;
    queue_put(&link->down, bytes, put);
    return (ssize_t)put;
}

static int table_shutdown(void *self, int fd)
{
    net_t *net = self;
    net_link_t *link = link_of_fd(net, fd);
    if (!net->engine_dead) {
        link->down.ended = true;
    }
    return 0;
}

static int table_close(void *self, int fd)
{
    net_t *net = self;
    net_link_t *link = link_of_fd(net, fd);
    link->engine_open = false;
    link->adopted = false;
    link->readable = link->writable = link->hangup = false;
    /* A close with unread input, or with input still to come, breaks the connection, as TCP does. */
    if (queue_held(&link->up) > 0 && !net->engine_dead) {
        link->reset = true;
        net->resets++;
    }
    link->down.ended = true;
    free_if_left(link);
    return 0;
}

void net_init(net_t *net)
{
    memset(net, 0, sizeof *net);
    net->table = (slc_net_t){.self = net,
                             .recv = table_recv,
                             .send = table_send,
                             .shutdown = table_shutdown,
                             .close = table_close};
}

void net_finish(net_t *net)
{
    for (uint32_t i = 0; i < NET_LINKS_MAX; i++) {
        queue_finish(&net->links[i].up);
        queue_finish(&net->links[i].down);
    }
}

/* ---- the client's side ---- */

int net_connect(net_t *net, uint32_t client, bool is_operator, size_t window)
{
    for (uint32_t i = 0; i < NET_LINKS_MAX; i++) {
        net_link_t *link = &net->links[i];
        if (!link->client_open && !link->engine_open) {
            *link = (net_link_t){.client_open = true,
                                 .engine_open = true,
                                 .waits = true,
                                 .is_operator = is_operator,
                                 .client = client,
                                 .window = window};
            return (int)i;
        }
    }
    slc_check_failed("a place for another connection", __FILE__, __LINE__);
}

void net_put(net_t *net, int link, const void *bytes, size_t count)
{
    net_link_t *to = link_at(net, link);
    SLC_CHECK(to->client_open && !to->up.ended);
    if (to->engine_open && !to->reset) {
        queue_put(&to->up, bytes, count);
    }
}

void net_end(net_t *net, int link)
{
    link_at(net, link)->up.ended = true;
}

void net_leave(net_t *net, int link, bool hard)
{
    net_link_t *from = link_at(net, link);
    from->client_open = false;
    if (from->waits) { /* it left the backlog */
        from->engine_open = false;
        from->waits = false;
    }
    if (hard) {
        from->reset = true;
        net->resets++;
        tell(from, true, true, true);
    } else {
        from->up.ended = true;
        tell(from, false, from->blocked, false); /* what still goes to it is answered by a reset */
    }
    free_if_left(from);
}

/* ---- the wire ---- */

size_t net_up_waiting(const net_link_t *link)
{
    return link->reset || !link->engine_open ? 0 : queue_held(&link->up) - link->up.visible;
}

bool net_up_has(const net_link_t *link)
{
    return net_up_waiting(link) > 0 ||
           (link->engine_open && !link->reset && link->up.ended && !link->up.end_told);
}

void net_deliver_up(net_t *net, int link, size_t bytes)
{
    net_link_t *to = link_at(net, link);
    size_t waiting = net_up_waiting(to);
    bytes = bytes < waiting ? bytes : waiting;
    to->up.visible += bytes;
    bool end = bytes == waiting && to->up.ended && !to->up.end_told;
    to->up.end_told |= end;
    tell(to, bytes > 0 || end, false, end);
}

bool net_down_has(const net_link_t *link)
{
    return link->client_open &&
           (queue_held(&link->down) > 0 || link->reset || (link->down.ended && !link->down.end_told));
}

size_t net_deliver_down(net_t *net, int link, uint8_t *out, size_t bytes, bool *ret_end)
{
    net_link_t *from = link_at(net, link);
    size_t held = queue_held(&from->down);
    if (from->reset) {
        *ret_end = true;
        return 0;
    }
    bytes = bytes < held ? bytes : held;
    from->down.visible = bytes;
    bytes = queue_take(&from->down, out, bytes);
    if (bytes > 0 && from->blocked && from->engine_open) {
        from->blocked = false;
        tell(from, false, true, false);
    }
    *ret_end = queue_held(&from->down) == 0 && from->down.ended;
    from->down.end_told |= *ret_end;
    return bytes;
}

void net_engine_died(net_t *net)
{
    for (uint32_t i = 0; i < NET_LINKS_MAX; i++) {
        net_link_t *link = &net->links[i];
        if (link->engine_open) {
            link->engine_open = false;
            link->adopted = link->waits = false;
            link->readable = link->writable = link->hangup = false;
            link->down.ended = true;
            free_if_left(link);
        }
    }
    net->engine_dead = false;
}
