#include "base/check.h"
#include "base/error.h"
#include "client/socket.h"

#include <sluice/client.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OUT_BYTES 32768u
#define IN_BYTES 65536u

struct slc_client {
    slc_socket_t socket;
    slc_err_t broken; /* OK, or what ended the connection for good */
    uint32_t max_in_flight;
    size_t out_bytes; /* queued and not yet written */
    size_t in_begin;  /* read and not yet decoded: [in_begin, in_end) */
    size_t in_end;
    uint8_t out[OUT_BYTES];
    uint8_t in[IN_BYTES];
};

static_assert(OUT_BYTES >= SLC_HELLO_FRAME_BYTES_MAX && OUT_BYTES >= SLC_BUY_FRAME_BYTES_MAX,
              "any single frame fits an empty buffer");

/* Remembers what no later call can mend. */
static slc_err_t note(slc_client_t *client, slc_err_t err)
{
    if (err == SLC_ERR_PROTOCOL || err == SLC_ERR_CLOSED || err == SLC_ERR_IO) {
        client->broken = err;
    }
    return err;
}

static slc_err_t check_usable(const slc_client_t *client, slc_error_t *ret_error)
{
    if (client->broken == SLC_OK) {
        return SLC_OK;
    }
    return slc_error_set(ret_error, client->broken, "%s: the connection failed before; open a new one",
                         client->socket.peer);
}

/* Reads more behind what is there. */
static slc_err_t fill(slc_client_t *client, slc_error_t *ret_error)
{
    memmove(client->in, client->in + client->in_begin, client->in_end - client->in_begin);
    client->in_end -= client->in_begin;
    client->in_begin = 0;
    SLC_CHECK(client->in_end < IN_BYTES); /* a frame that long is refused by its prefix */
    size_t done;
    slc_err_t err = slc_socket_read(&client->socket, client->in + client->in_end,
                                    IN_BYTES - client->in_end, &done, ret_error);
    client->in_end += done;
    return note(client, err);
}

static slc_err_t receive_welcome(slc_client_t *client, slc_error_t *ret_error)
{
    slc_welcome_t welcome;
    size_t used;
    for (;;) {
        slc_err_t err = slc_client_decode_welcome(client->in + client->in_begin,
                                                  client->in_end - client->in_begin, &used, &welcome);
        if (err == SLC_OK) {
            break;
        }
        if (err != SLC_END) {
            return slc_error_set(ret_error, err, "%s does not speak this protocol: no Welcome came",
                                 client->socket.peer);
        }
        if ((err = fill(client, ret_error)) != SLC_OK) {
            return err;
        }
    }
    client->in_begin += used;
    client->max_in_flight = welcome.max_in_flight;
    if (welcome.status != SLC_STATUS_ACCEPTED) {
        return slc_error_set(
            ret_error, SLC_ERR_REFUSED, "%s refused the connection: %s: %.*s%s%.*s", client->socket.peer,
            slc_status_name((int)welcome.status), (int)welcome.message.bytes, welcome.message.data,
            welcome.leader.bytes == 0 ? "" : ", leader ", (int)welcome.leader.bytes, welcome.leader.data);
    }
    return SLC_OK;
}

static slc_err_t greet(slc_client_t *client, const char *client_name, const char *token,
                       slc_error_t *ret_error)
{
    slc_hello_t hello = {
        .protocol = SLC_PROTOCOL_VERSION,
        .client = {.data = client_name, .bytes = strlen(client_name)},
        .token = {.data = token == NULL ? "" : token, .bytes = token == NULL ? 0 : strlen(token)},
    };
    client->out_bytes = slc_client_encode_hello(&hello, client->out);
    if (client->out_bytes == 0) {
        return slc_error_set(ret_error, SLC_ERR_USAGE,
                             "a client's name has at most 64 bytes and a token at most 256");
    }
    slc_err_t err = slc_client_flush(client, ret_error);
    return err == SLC_OK ? receive_welcome(client, ret_error) : err;
}

slc_err_t slc_client_connect(const char *address, const char *client_name, const char *token,
                             uint32_t timeout_ms, slc_client_t **ret_client, slc_error_t *ret_error)
{
    *ret_client = NULL;
    slc_client_t *client = malloc(sizeof *client);
    if (client == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for a connection to %s", address);
    }
    client->broken = SLC_OK;
    client->max_in_flight = 0;
    client->out_bytes = client->in_begin = client->in_end = 0;
    slc_err_t err = slc_socket_connect_tcp(&client->socket, address, timeout_ms, ret_error);
    if (err == SLC_OK) {
        err = greet(client, client_name, token, ret_error);
    }
    if (err != SLC_OK) {
        slc_client_close(client);
        return err;
    }
    *ret_client = client;
    return SLC_OK;
}

void slc_client_close(slc_client_t *client)
{
    if (client != NULL) {
        slc_socket_finish(&client->socket);
        free(client);
    }
}

uint32_t slc_client_max_in_flight(const slc_client_t *client)
{
    return client->max_in_flight;
}

slc_err_t slc_client_send(slc_client_t *client, const slc_buy_t *buy, slc_error_t *ret_error)
{
    if (OUT_BYTES - client->out_bytes < SLC_BUY_FRAME_BYTES_MAX) {
        slc_err_t err = slc_client_flush(client, ret_error);
        if (err != SLC_OK) {
            return err;
        }
    }
    slc_err_t err = check_usable(client, ret_error);
    if (err != SLC_OK) {
        return err;
    }
    size_t bytes = slc_client_encode_buy(buy, client->out + client->out_bytes);
    if (bytes == 0) {
        return slc_error_set(ret_error, SLC_ERR_USAGE, "a user has at most %d bytes", SLC_USER_BYTES_MAX);
    }
    client->out_bytes += bytes;
    return SLC_OK;
}

slc_err_t slc_client_flush(slc_client_t *client, slc_error_t *ret_error)
{
    slc_err_t err = check_usable(client, ret_error);
    if (err != SLC_OK || client->out_bytes == 0) {
        return err;
    }
    size_t done;
    err = slc_socket_write(&client->socket, client->out, client->out_bytes, &done, ret_error);
    memmove(client->out, client->out + done, client->out_bytes - done);
    client->out_bytes -= done;
    return note(client, err);
}

slc_err_t slc_client_receive(slc_client_t *client, slc_buy_reply_t *ret_reply, slc_error_t *ret_error)
{
    for (;;) {
        size_t used;
        slc_err_t err = check_usable(client, ret_error);
        if (err != SLC_OK) {
            return err;
        }
        err = slc_client_decode_reply(client->in + client->in_begin, client->in_end - client->in_begin,
                                      &used, ret_reply);
        if (err == SLC_OK) {
            client->in_begin += used;
            return SLC_OK;
        }
        if (err != SLC_END) {
            return note(client, slc_error_set(ret_error, err, "%s sent what is no BuyReply",
                                              client->socket.peer));
        }
        /* A reply to what still lies in the buffer would never come. */
        err = slc_client_flush(client, ret_error);
        if (err == SLC_OK) {
            err = fill(client, ret_error);
        }
        if (err != SLC_OK) {
            return err;
        }
    }
}

slc_err_t slc_client_buy(slc_client_t *client, const slc_buy_t *buy, slc_buy_reply_t *ret_reply,
                         slc_error_t *ret_error)
{
    slc_err_t err = slc_client_send(client, buy, ret_error);
    if (err == SLC_OK) {
        err = slc_client_receive(client, ret_reply, ret_error);
    }
    if (err == SLC_OK && ret_reply->request_id != buy->request_id) {
        err = note(client, slc_error_set(ret_error, SLC_ERR_PROTOCOL,
                                         "%s answered request %llu where only %llu was asked: %.*s",
                                         client->socket.peer, (unsigned long long)ret_reply->request_id,
                                         (unsigned long long)buy->request_id,
                                         (int)ret_reply->message.bytes, ret_reply->message.data));
    }
    return err;
}
