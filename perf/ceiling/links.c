#include "links.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

ceiling_link_t *ceiling_link_open(int fd)
{
    int on = 1;
    ceiling_link_t *link = calloc(1, sizeof *link);
    if (link == NULL || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        free(link);
        return NULL;
    }
    link->fd = fd;
    return link;
}

void ceiling_batch_empty(ceiling_batch_t *batch)
{
    batch->used = 0;
    batch->span_count = 0;
}

void ceiling_batch_read(ceiling_batch_t *batch, ceiling_link_t *link)
{
    if (batch->used + CEILING_READ_BYTES > CEILING_BATCH_BYTES || batch->span_count == CEILING_SPANS) {
        return;
    }
    uint8_t *at = batch->bytes + batch->used;
    memcpy(at, link->partial, link->partial_bytes);
    ssize_t count = recv(link->fd, at + link->partial_bytes, CEILING_READ_BYTES - link->partial_bytes, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        link->ended = true;
        count = 0;
    }
    size_t bytes = link->partial_bytes + (size_t)count;
    size_t frames = bytes / sizeof(ceiling_frame_t);
    link->partial_bytes = bytes % sizeof(ceiling_frame_t);
    memcpy(link->partial, at + bytes - link->partial_bytes, link->partial_bytes);
    batch->spans[batch->span_count++] =
        (ceiling_span_t){.link = link, .first = batch->used, .frames = frames};
    batch->used += frames * sizeof(ceiling_frame_t);
}

/* A client that does not read holds everybody up: a benchmark's client reads. */
static bool send_whole(int fd, const void *bytes, size_t count)
{
    for (size_t done = 0; done < count;) {
        ssize_t sent = send(fd, (const uint8_t *)bytes + done, count - done, MSG_NOSIGNAL);
        if (sent >= 0) {
            done += (size_t)sent;
        } else if (errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            (void)poll(&room, 1, 1000); /* whatever it says, the next send tells */
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

uint64_t ceiling_batch_answer(ceiling_batch_t *batch, uint64_t sequence)
{
    static ceiling_reply_t replies[CEILING_READ_BYTES / sizeof(ceiling_frame_t) + 1];
    for (size_t i = 0; i < batch->span_count; i++) {
        const ceiling_span_t *span = &batch->spans[i];
        const uint8_t *frame = batch->bytes + span->first;
        for (size_t k = 0; k < span->frames; k++, frame += sizeof(ceiling_frame_t)) {
            memcpy(&replies[k].request_id, frame, sizeof replies[k].request_id);
            replies[k].sequence = ++sequence;
        }
        bool sent = send_whole(span->link->fd, replies, span->frames * sizeof *replies);
        if (!sent || span->link->ended) {
            (void)close(span->link->fd);
            free(span->link);
        }
    }
    return sequence;
}
