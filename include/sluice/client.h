/* A client of the buyers' stream and of the control socket, in two layers: a codec that does no I/O, for
 * programs with an event loop of their own, and a blocking connection for everyone else.
 * Threads: the codec is pure; a client belongs to one thread at a time.
 * Ownership: slc_client_connect creates, slc_client_close frees; text in a decoded message points into
 *   the bytes it was decoded from.
 * Failure: a call that answers anything but OK says why in ret_error; behind PROTOCOL, CLOSED and IO a
 *   client can only be closed. A TIMEOUT of slc_client_receive loses nothing: call it again. */
#ifndef SLUICE_CLIENT_H
#define SLUICE_CLIENT_H

#include <sluice/state.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLC_PROTOCOL_VERSION 1
/* Longest encoding of one frame of that kind, length prefix included. */
#define SLC_HELLO_FRAME_BYTES_MAX 400
#define SLC_BUY_FRAME_BYTES_MAX 128

typedef struct slc_hello {
    uint64_t protocol; /* SLC_PROTOCOL_VERSION */
    slc_text_t client;
    slc_text_t token;
} slc_hello_t;

typedef struct slc_welcome {
    slc_status_t status;
    uint32_t max_in_flight;
    uint32_t max_frame_bytes;
    slc_text_t message;
    slc_text_t leader;
    slc_text_t version;
} slc_welcome_t;

typedef struct slc_buy {
    uint64_t request_id;
    uint64_t drop_id;
    uint64_t order_key; /* 0: none, each request is new */
    uint64_t quantity;  /* 0 means 1 */
    slc_text_t user;
} slc_buy_t;

typedef struct slc_buy_reply {
    uint64_t request_id;
    uint64_t order_id;
    uint64_t remaining;
    uint64_t sequence;
    uint64_t time_us;
    slc_status_t status;
    bool replayed;
    slc_text_t message;
} slc_buy_reply_t;

/* ---- the codec ---- */

/* Writes one frame at `out`, which has room for SLC_…_FRAME_BYTES_MAX bytes, and answers its length.
 * Text longer than its limit is the caller's error: 0 is answered and nothing written. */
size_t slc_client_encode_hello(const slc_hello_t *hello, uint8_t *out);
size_t slc_client_encode_buy(const slc_buy_t *buy, uint8_t *out);

/* Reads the frame at the beginning of `bytes`: OK with its length in *ret_used, END where it is not
 * whole yet, PROTOCOL where it can never become one. */
slc_err_t slc_client_decode_welcome(const uint8_t *bytes, size_t count, size_t *ret_used,
                                    slc_welcome_t *ret_welcome);
slc_err_t slc_client_decode_reply(const uint8_t *bytes, size_t count, size_t *ret_used,
                                  slc_buy_reply_t *ret_reply);

/* ---- buying over a blocking connection ---- */

typedef struct slc_client slc_client_t;

/* Connects to "HOST:PORT", sends Hello with `client_name` (and `token`, where not NULL), and waits for a
 * Welcome that accepts. `timeout_ms` bounds each later wait as well; 0: no bound. */
slc_err_t slc_client_connect(const char *address, const char *client_name, const char *token,
                             uint32_t timeout_ms, slc_client_t **ret_client, slc_error_t *ret_error);
/* NULL is fine. */
void slc_client_close(slc_client_t *client);
/* How many requests may be unanswered. */
uint32_t slc_client_max_in_flight(const slc_client_t *client);

/* Queues a request; it goes out with slc_client_flush, or when the buffer is full. */
slc_err_t slc_client_send(slc_client_t *client, const slc_buy_t *buy, slc_error_t *ret_error);
slc_err_t slc_client_flush(slc_client_t *client, slc_error_t *ret_error);
/* Waits for the next reply, of whichever request. Its text is good until the next call. */
slc_err_t slc_client_receive(slc_client_t *client, slc_buy_reply_t *ret_reply, slc_error_t *ret_error);
/* One request, one reply. Only for a client with nothing in flight. */
slc_err_t slc_client_buy(slc_client_t *client, const slc_buy_t *buy, slc_buy_reply_t *ret_reply,
                         slc_error_t *ret_error);

/* ---- operating over the control socket ---- */

typedef enum slc_control_op {
    SLC_CONTROL_OPEN_DROP = 3, /* the field numbers of sluice.v1.ControlRequest */
    SLC_CONTROL_ADJUST_STOCK = 4,
    SLC_CONTROL_CLOSE_DROP = 5,
    SLC_CONTROL_PURGE_DROP = 6,
    SLC_CONTROL_CANCEL_ORDER = 7,
    SLC_CONTROL_GET_DROP = 8,
    SLC_CONTROL_LIST_DROPS = 9,
    SLC_CONTROL_GET_ORDER = 10,
    SLC_CONTROL_TAKE_SNAPSHOT = 11,
    SLC_CONTROL_GET_STATUS = 12,
} slc_control_op_t;

/* A request: only the fields that its op has in the schema count. */
typedef struct slc_control_request {
    slc_control_op_t op;
    uint64_t op_key;
    uint64_t drop_id; /* LIST_DROPS: after_drop_id */
    uint64_t order_id;
    uint64_t stock;
    uint64_t per_user_limit;
    uint64_t opens_at_us;
    uint64_t closes_at_us;
    int64_t delta;
    uint64_t page_size;
    const char *name; /* NUL-terminated; NULL: empty */
} slc_control_request_t;

typedef struct slc_engine_info {
    uint64_t applied_sequence;
    uint64_t digest;
    uint64_t drops;
    uint64_t orders;
    uint64_t uptime_us;
    uint64_t connections;
    uint64_t attempts_missing;
    uint64_t journal_bytes; /* of all segments on disk */
    uint64_t journal_segments;
    uint64_t snapshot_sequence; /* of the newest good one; 0: there is none */
    uint64_t snapshot_bytes;
    uint64_t snapshot_time_us;
    uint64_t snapshots_written; /* since the start */
    uint64_t snapshots_failed;
    uint64_t restored_events; /* replayed from the journal at the start */
    uint64_t buys_answered;   /* since the start; 0 of a server that does not tell */
    uint64_t buys_refused;    /* of them, whatever is not ACCEPTED */
    char snapshot_error[128]; /* empty: the last one succeeded */
    char version[64];
    char durability[16];
    char journal_method[32];
    char read_only[128]; /* empty: it sells */
} slc_engine_info_t;

#define SLC_DROPS_PAGE_MAX 500

/* A reply; which result is set follows from the op. */
typedef struct slc_control_reply {
    slc_status_t status;
    bool replayed;
    uint64_t sequence;
    uint64_t time_us;
    char message[256];
    slc_drop_info_t drop;
    slc_order_info_t order;
    slc_engine_info_t engine;
    size_t drop_count;
    uint64_t next_after_drop_id; /* 0: that was the last page */
    slc_drop_info_t drops[SLC_DROPS_PAGE_MAX];
} slc_control_reply_t;

typedef struct slc_control slc_control_t;

/* Connects to the control socket at `path` (DIR/control.sock). */
slc_err_t slc_control_connect(const char *path, uint32_t timeout_ms, slc_control_t **ret_control,
                              slc_error_t *ret_error);
/* NULL is fine. */
void slc_control_close(slc_control_t *control);
/* Sends one request and waits for its reply. OK means that there is a reply: look at its status. */
slc_err_t slc_control_call(slc_control_t *control, const slc_control_request_t *request,
                           slc_control_reply_t *ret_reply, slc_error_t *ret_error);

#ifdef __cplusplus
}
#endif

#endif
