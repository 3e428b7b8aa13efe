/* The client of the ceiling probe (perf/ceiling): fixed frames out, fixed replies in. It has no stock;
 * its books are the sequences that the replies tell, which have to be a row without a gap or a
 * repetition. */
#include "../ceiling/frame.h"
#include "../load/workload.h"
#include "kind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 * 1024)

typedef struct inside {
    uint64_t next_id; /* of the request whose reply is the next to come */
    size_t out_bytes;
    size_t partial_bytes;
    uint8_t partial[sizeof(ceiling_reply_t)];
    ceiling_frame_t out[]; /* a window */
} inside_t;

static uint64_t replies;
static uint64_t lowest = UINT64_MAX;
static uint64_t highest;
static uint64_t sum;

static bool prepare(const peer_options_t *options)
{
    (void)options;
    return true;
}

static bool open_link(const peer_options_t *options, peer_link_t *link)
{
    char host[64];
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (!peer_options_address(options->at, host, sizeof host, &address.sin_port) ||
        inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        return peer_fail("--at %s: needs an IPv4 address and a port", options->at);
    }
    address.sin_port = htons(address.sin_port);
    inside_t *inside = calloc(1, sizeof *inside + options->window * sizeof inside->out[0]);
    link->inside = inside;
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inside == NULL || link->fd < 0 ||
        connect(link->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        return peer_fail("cannot connect to %s: %s", options->at, strerrordesc_np(errno));
    }
    return true;
}

static bool ask(peer_link_t *link, uint64_t first, uint32_t count)
{
    inside_t *inside = link->inside;
    for (uint32_t i = 0; i < count; i++) {
        ceiling_frame_t frame = {
            .request_id = inside->next_id + link->waiting + i, .drop_id = 1, .quantity = 1};
        frame.order_key = peer_buyer(first + i, frame.user);
        memcpy((uint8_t *)inside->out + inside->out_bytes, &frame, sizeof frame);
        inside->out_bytes += sizeof frame;
    }
    return true;
}

static bool write_link(peer_link_t *link, bool *ret_all)
{
    inside_t *inside = link->inside;
    size_t done = 0;
    while (done < inside->out_bytes) {
        ssize_t sent = send(link->fd, (const uint8_t *)inside->out + done, inside->out_bytes - done,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            done += (size_t)sent;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            return peer_fail("cannot write: %s", strerrordesc_np(errno));
        }
    }
    inside->out_bytes -= done;
    memmove(inside->out, (const uint8_t *)inside->out + done, inside->out_bytes);
    *ret_all = inside->out_bytes == 0;
    return true;
}

static bool take(peer_link_t *link, inside_t *inside, const uint8_t *bytes)
{
    ceiling_reply_t reply;
    memcpy(&reply, bytes, sizeof reply);
    if (reply.request_id != inside->next_id) {
        return peer_fail("a reply came out of turn");
    }
    inside->next_id++;
    replies++;
    sum += reply.sequence;
    lowest = reply.sequence < lowest ? reply.sequence : lowest;
    highest = reply.sequence > highest ? reply.sequence : highest;
    peer_answered(link, 1, 1);
    return true;
}

static bool read_link(peer_link_t *link)
{
    static uint8_t buffer[READ_BYTES];
    inside_t *inside = link->inside;
    memcpy(buffer, inside->partial, inside->partial_bytes);
    ssize_t count =
        recv(link->fd, buffer + inside->partial_bytes, READ_BYTES - inside->partial_bytes, MSG_DONTWAIT);
    if (count <= 0) {
        return (count < 0 && (errno == EAGAIN || errno == EINTR)) || peer_fail("the probe is gone");
    }
    size_t bytes = inside->partial_bytes + (size_t)count;
    size_t at = 0;
    for (; at + sizeof(ceiling_reply_t) <= bytes; at += sizeof(ceiling_reply_t)) {
        if (!take(link, inside, buffer + at)) {
            return false;
        }
    }
    inside->partial_bytes = bytes - at;
    memcpy(inside->partial, buffer + at, inside->partial_bytes);
    return true;
}

static void close_link(peer_link_t *link)
{
    (void)close(link->fd);
    free(link->inside);
}

static bool books(const peer_options_t *options, peer_books_t *ret_books)
{
    (void)options;
    bool no_gap = replies > 0 && highest - lowest + 1 == replies &&
                  sum == lowest * replies + replies * (replies - 1) / 2;
    ret_books->orders = no_gap ? replies : 0;
    return true;
}

const peer_kind_t PEER_KIND = {.name = "ceiling",
                               .prepare = prepare,
                               .open = open_link,
                               .ask = ask,
                               .write = write_link,
                               .read = read_link,
                               .close = close_link,
                               .books = books};
