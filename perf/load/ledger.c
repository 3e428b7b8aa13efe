#include "ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)1 << 20)
/* Four numbers of 20 digits, user, key, flag, seven separators. */
#define LINE_BYTES_MAX (4 * 20 + LOAD_USER_BYTES + 16 + 1 + 7)

bool load_ledger_init(load_ledger_t *ledger, int fd)
{
    *ledger = (load_ledger_t){.fd = fd};
    if (fd >= 0) {
        ledger->buffer = malloc(BUFFER_BYTES);
    }
    return fd < 0 || ledger->buffer != NULL;
}

void load_ledger_finish(load_ledger_t *ledger)
{
    free(ledger->buffer);
    ledger->buffer = NULL;
}

static size_t put_hex(char *out, uint64_t value)
{
    for (int i = 0; i < 16; i++) {
        out[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15];
    }
    return 16;
}

void load_ledger_add(load_ledger_t *ledger, const load_workload_t *workload,
                     const load_request_t *request, const slc_buy_reply_t *reply)
{
    if (BUFFER_BYTES - ledger->bytes < LINE_BYTES_MAX) {
        load_ledger_flush(ledger);
    }
    char *at = ledger->buffer + ledger->bytes;
    at += load_put_decimal(at, reply->order_id);
    *at++ = '\t';
    at += load_put_decimal(at, workload->drops[request->drop].drop_id);
    *at++ = '\t';
    memcpy(at, request->user, LOAD_USER_BYTES);
    at += LOAD_USER_BYTES;
    *at++ = '\t';
    at += load_put_decimal(at, workload->quantity == 0 ? 1 : workload->quantity);
    *at++ = '\t';
    at += put_hex(at, request->order_key);
    *at++ = '\t';
    at += load_put_decimal(at, reply->sequence);
    *at++ = '\t';
    *at++ = reply->replayed ? '1' : '0';
    *at++ = '\n';
    ledger->bytes = (size_t)(at - ledger->buffer);
}

void load_ledger_flush(load_ledger_t *ledger)
{
    size_t done = 0;
    while (done < ledger->bytes && ledger->error == 0) {
        ssize_t count = write(ledger->fd, ledger->buffer + done, ledger->bytes - done);
        if (count >= 0) {
            done += (size_t)count;
        } else if (errno != EINTR) {
            ledger->error = errno;
        }
    }
    ledger->bytes = 0;
}
