#include "audit_ledger.h"

#include "memory.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 7u

void audit_ledger_finish(audit_ledger_t *ledger)
{
    free(ledger->claims);
    free(ledger->text);
    memset(ledger, 0, sizeof *ledger);
}

/* ---- a line ---- */

/* Cuts a line at its tabs; false: it has not as many fields. */
static bool cut_fields(slc_text_t line, slc_text_t fields[FIELDS])
{
    for (size_t i = 0; i < FIELDS; i++) {
        const char *tab = memchr(line.data, '\t', line.bytes);
        size_t bytes = tab == NULL ? line.bytes : (size_t)(tab - line.data);
        bool is_last = i == FIELDS - 1;
        if (is_last != (tab == NULL)) {
            return false;
        }
        fields[i] = (slc_text_t){.data = line.data, .bytes = bytes};
        if (!is_last) {
            line.data += bytes + 1;
            line.bytes -= bytes + 1;
        }
    }
    return true;
}

/* Undoes \t, \n and \\; `out` has room for SLC_USER_BYTES_MAX. False: no user is written like this. */
static bool unescape_user(slc_text_t field, char *out, size_t *ret_bytes)
{
    size_t bytes = 0;
    for (size_t i = 0; i < field.bytes; i++) {
        char character = field.data[i];
        if (character == '\\') {
            char written = ++i < field.bytes ? field.data[i] : '\0';
            if (written != 't' && written != 'n' && written != '\\') {
                return false;
            }
            character = written == 't' ? '\t' : written == 'n' ? '\n' : '\\';
        }
        if (bytes == SLC_USER_BYTES_MAX) {
            return false;
        }
        out[bytes++] = character;
    }
    *ret_bytes = bytes;
    return slc_text_is_valid((slc_text_t){.data = out, .bytes = bytes}, 1, SLC_USER_BYTES_MAX);
}

static bool add_line(audit_ledger_t *ledger, slc_text_t line)
{
    slc_text_t fields[FIELDS];
    char user[SLC_USER_BYTES_MAX];
    size_t user_bytes;
    uint64_t replayed;
    audit_claim_t claim = {.user_at = ledger->text_bytes};
    if (!cut_fields(line, fields) || !replay_parse_number(fields[0], &claim.order_id) ||
        !replay_parse_number(fields[1], &claim.drop_id) || !unescape_user(fields[2], user, &user_bytes) ||
        !replay_parse_number(fields[3], &claim.quantity) ||
        !replay_parse_hex(fields[4], &claim.order_key) ||
        !replay_parse_number(fields[5], &claim.sequence) || !replay_parse_number(fields[6], &replayed) ||
        replayed > 1) {
        return false;
    }
    claim.replayed = replayed == 1;
    claim.user_bytes = (uint32_t)user_bytes;
    ledger->text = replay_grow(ledger->text, &ledger->text_capacity, ledger->text_bytes + user_bytes, 1);
    memcpy(ledger->text + ledger->text_bytes, user, user_bytes);
    ledger->text_bytes += user_bytes;
    ledger->claims =
        replay_grow(ledger->claims, &ledger->capacity, ledger->count + 1, sizeof *ledger->claims);
    ledger->claims[ledger->count++] = claim;
    return true;
}

static slc_err_t fail(slc_error_t *error, slc_err_t code, int sys_errno, const char *path,
                      const char *sentence)
{
    error->code = code;
    error->sys_errno = sys_errno;
    (void)snprintf(error->message, sizeof error->message, "ledger %s: %s", path, sentence);
    return code;
}

slc_err_t audit_ledger_read(audit_ledger_t *ledger, const char *path, slc_error_t *ret_error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        int sys_errno = errno;
        return fail(ret_error, SLC_ERR_IO, sys_errno, path, strerror(sys_errno));
    }
    char *line = NULL;
    size_t capacity = 0;
    slc_err_t code = SLC_OK;
    ssize_t bytes;
    errno = 0;
    while ((bytes = getline(&line, &capacity, file)) > 0) {
        if (ledger->broken_tail) {
            char sentence[160];
            (void)snprintf(sentence, sizeof sentence,
                           "line %" PRIu64
                           " is no ACCEPTED reply (see replay audit --help) and not the last",
                           ledger->count + 1);
            code = fail(ret_error, SLC_ERR_USAGE, 0, path, sentence);
            break;
        }
        size_t length = (size_t)bytes - (line[bytes - 1] == '\n' ? 1 : 0);
        ledger->broken_tail = !add_line(ledger, (slc_text_t){.data = line, .bytes = length});
    }
    if (code == SLC_OK && ferror(file)) {
        int sys_errno = errno;
        code = fail(ret_error, SLC_ERR_IO, sys_errno, path, strerror(sys_errno));
    }
    free(line);
    (void)fclose(file);
    return code;
}
