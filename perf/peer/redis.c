/* The client of Redis, by hiredis: one script call a buyer, pipelined over the window.
 *
 *   --mode decr     (usual) DECR the stock, RPUSH the buyer: two keys, two writes in the append-only file
 *   --mode llen     what is left is the stock (GET) less the list of buyers (LLEN), RPUSH: one write */
#include "../load/workload.h"
#include "kind.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char BUY_BY_DECR[] = "local left = redis.call('DECR', KEYS[1]) "
                                  "if left < 0 then redis.call('INCR', KEYS[1]) return -1 end "
                                  "redis.call('RPUSH', KEYS[2], ARGV[1]) "
                                  "return left";
static const char BUY_BY_LLEN[] = "local left = redis.call('GET', KEYS[1]) - redis.call('LLEN', KEYS[2]) "
                                  "if left <= 0 then return -1 end "
                                  "redis.call('RPUSH', KEYS[2], ARGV[1]) "
                                  "return left - 1";

/* The call as it goes over the wire; the buyer's name is its last argument, and replaced each time. */
static char *call;
static size_t call_bytes;

static redisContext *connect_to(const char *at)
{
    char host[64];
    uint16_t port = 0;
    if (!peer_options_address(at, host, sizeof host, &port)) {
        (void)peer_fail("--at %s: needs HOST:PORT", at);
        return NULL;
    }
    redisContext *context = redisConnect(host, port);
    if (context == NULL || context->err != 0) {
        (void)peer_fail("cannot connect to %s: %s", at, context == NULL ? "no memory" : context->errstr);
        redisFree(context);
        return NULL;
    }
    return context;
}

/* Answers the reply, NULL where there is none or it is an error. */
static redisReply *checked(redisContext *context, void *reply)
{
    redisReply *it = reply;
    if (it == NULL || it->type == REDIS_REPLY_ERROR) {
        (void)peer_fail("%s", it == NULL ? context->errstr : it->str);
        freeReplyObject(it);
        return NULL;
    }
    return it;
}

static bool said_yes(redisContext *context, void *reply)
{
    redisReply *it = checked(context, reply);
    freeReplyObject(it);
    return it != NULL;
}

static bool is_by_llen(const peer_options_t *options)
{
    return strcmp(options->mode, "llen") == 0;
}

static bool make_call(const char *sha)
{
    int bytes = redisFormatCommand(&call, "EVALSHA %s 2 drop:1:left drop:1:orders u0000000000", sha);
    call_bytes = bytes > 0 ? (size_t)bytes : 0;
    return bytes > 0 || peer_fail("no memory");
}

static bool prepare(const peer_options_t *options)
{
    if (!is_by_llen(options) && strcmp(options->mode, "decr") != 0 && options->mode[0] != '\0') {
        return peer_fail("--mode: decr or llen");
    }
    redisContext *context = connect_to(options->at);
    if (context == NULL) {
        return false;
    }
    redisReply *sha = NULL;
    bool good =
        said_yes(context, redisCommand(context, "DEL drop:1:orders")) &&
        said_yes(context,
                 redisCommand(context, "SET drop:1:left %llu", (unsigned long long)options->stock)) &&
        (sha = checked(context, redisCommand(context, "SCRIPT LOAD %s",
                                             is_by_llen(options) ? BUY_BY_LLEN : BUY_BY_DECR))) != NULL &&
        make_call(sha->str);
    freeReplyObject(sha);
    redisFree(context);
    return good;
}

static bool open_link(const peer_options_t *options, peer_link_t *link)
{
    redisContext *context = connect_to(options->at);
    if (context == NULL) {
        return false;
    }
    link->inside = context;
    link->fd = context->fd;
    int flags = fcntl(context->fd, F_GETFL);
    if (flags < 0 || fcntl(context->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return peer_fail("fcntl: %s", strerrordesc_np(errno));
    }
    context->flags &= ~REDIS_BLOCK; /* read and write answer 0 bytes where they would have to wait */
    return true;
}

static bool ask(peer_link_t *link, uint64_t first, uint32_t count)
{
    char *buyer = call + call_bytes - 2 - LOAD_USER_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        (void)peer_buyer(first + i, buyer);
        if (redisAppendFormattedCommand(link->inside, call, call_bytes) != REDIS_OK) {
            return peer_fail("no memory");
        }
    }
    return true;
}

static bool write_link(peer_link_t *link, bool *ret_all)
{
    redisContext *context = link->inside;
    int all = 0;
    if (redisBufferWrite(context, &all) != REDIS_OK) {
        return peer_fail("cannot write: %s", context->errstr);
    }
    *ret_all = all != 0;
    return true;
}

static bool read_link(peer_link_t *link)
{
    redisContext *context = link->inside;
    if (redisBufferRead(context) != REDIS_OK) {
        return peer_fail("cannot read: %s", context->errstr);
    }
    for (;;) {
        void *reply = NULL;
        if (redisGetReplyFromReader(context, &reply) != REDIS_OK) {
            return peer_fail("what came is no reply: %s", context->errstr);
        }
        if (reply == NULL) {
            return true;
        }
        redisReply *it = checked(context, reply);
        if (it == NULL || it->type != REDIS_REPLY_INTEGER) {
            freeReplyObject(it);
            return peer_fail("a reply that is no number");
        }
        peer_answered(link, 1, it->integer >= 0 ? 1 : 0);
        freeReplyObject(it);
    }
}

static void close_link(peer_link_t *link)
{
    redisFree(link->inside);
}

static bool books(const peer_options_t *options, peer_books_t *ret_books)
{
    redisContext *context = connect_to(options->at);
    if (context == NULL) {
        return false;
    }
    redisReply *left = checked(context, redisCommand(context, "GET drop:1:left"));
    redisReply *orders = checked(context, redisCommand(context, "LLEN drop:1:orders"));
    bool good = left != NULL && left->type == REDIS_REPLY_STRING && orders != NULL;
    if (good) {
        ret_books->orders = (uint64_t)orders->integer;
        ret_books->left = strtoull(left->str, NULL, 10);
        if (is_by_llen(options)) {
            ret_books->left -= ret_books->orders; /* which is how this way counts */
        }
    }
    freeReplyObject(left);
    freeReplyObject(orders);
    redisFree(context);
    return good;
}

const peer_kind_t PEER_KIND = {.name = "redis",
                               .has_stock = true,
                               .prepare = prepare,
                               .open = open_link,
                               .ask = ask,
                               .write = write_link,
                               .read = read_link,
                               .close = close_link,
                               .books = books};
