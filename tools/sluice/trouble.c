#include "trouble.h"

#include "phase.h"
#include "text.h"
#include "when.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Drops that one line names. */
#define NAMED_MAX 10

/* ---- no connection ---- */

static const char *name_of(uid_t uid, char *out, size_t capacity)
{
    const struct passwd *entry = getpwuid(uid);
    if (entry != NULL) {
        (void)snprintf(out, capacity, "%s", entry->pw_name);
    } else {
        (void)snprintf(out, capacity, "user %u", (unsigned)uid);
    }
    return out;
}

/* The first directory on the way to `path` that may not be entered, else `path`. */
static void find_closed(const char *path, char *out, size_t capacity)
{
    (void)snprintf(out, capacity, "%s", path);
    for (char *at = out; *at != '\0'; at++) {
        if (*at == '/' && at > out) {
            *at = '\0';
            if (access(out, X_OK) != 0) {
                return;
            }
            *at = '/';
        }
    }
}

static void say_denied(const char *path, slc_error_t *error)
{
    char closed[4096];
    char owner[40];
    char me[40];
    struct stat found;
    find_closed(path, closed, sizeof closed);
    if (stat(closed, &found) != 0) {
        return;
    }
    (void)name_of(found.st_uid, owner, sizeof owner);
    (void)snprintf(error->message, sizeof error->message,
                   "%.160s belongs to %s (mode %04o) and is closed to %s; operate the server as %s, as "
                   "with sudo -u %s sluice ...",
                   closed, owner, (unsigned)(found.st_mode & 07777), name_of(geteuid(), me, sizeof me),
                   owner, owner);
}

static void say_missing(const char *path, slc_error_t *error)
{
    char folder[4096];
    struct stat found;
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL && slash > folder) {
        *slash = '\0';
        if (stat(folder, &found) != 0 && errno == ENOENT) {
            (void)snprintf(error->message, sizeof error->message,
                           "no server at %.200s: there is no directory %.200s; name the server's with "
                           "--data-dir DIR",
                           path, folder);
            return;
        }
    }
    (void)snprintf(
        error->message, sizeof error->message,
        "no server at %.200s: is sluiced running? It makes the socket when it serves; start it "
        "with sluiced --data-dir DIR, or name another directory with --data-dir DIR",
        path);
}

void sluice_trouble_connect(const char *path, slc_error_t *error)
{
    struct stat found;
    switch (error->sys_errno) {
    case ENOENT:
    case ENOTDIR:
        say_missing(path, error);
        break;
    case ECONNREFUSED:
        if (stat(path, &found) == 0 && !S_ISSOCK(found.st_mode)) {
            (void)snprintf(error->message, sizeof error->message,
                           "%.200s is no socket; the server's is DIR/control.sock: --data-dir DIR", path);
        } else {
            (void)snprintf(error->message, sizeof error->message,
                           "no server at %.200s: the socket is left from one that was killed; start "
                           "sluiced again",
                           path);
        }
        break;
    case EACCES:
    case EPERM:
        say_denied(path, error);
        break;
    case EAGAIN:
        (void)snprintf(error->message, sizeof error->message,
                       "%.200s: too many operators wait to be let in; try again", path);
        break;
    default:
        break;
    }
}

/* ---- refusals ---- */

static void say_which_there_are(const slc_drop_info_t *drops, size_t count, bool open, FILE *out)
{
    uint64_t now_us = sluice_when_now_us();
    size_t named = 0;
    size_t fitting = 0;
    for (size_t i = 0; i < count; i++) {
        if ((sluice_phase_of(&drops[i], now_us) != SLUICE_PHASE_CLOSED) != open) {
            continue;
        }
        if (++fitting <= NAMED_MAX) {
            fprintf(out, "%s%" PRIu64, named++ == 0 ? (open ? "; open are " : "; closed are ") : ", ",
                    drops[i].drop_id);
        }
    }
    if (fitting > NAMED_MAX) {
        fprintf(out, " and %zu more", fitting - NAMED_MAX);
    }
}

static void say_unknown_drop(uint64_t drop_id, const slc_drop_info_t *drops, size_t count, FILE *out)
{
    fprintf(out, "drop %" PRIu64 " does not exist", drop_id);
    if (count == 0) {
        fprintf(out, "; there is none yet: sluice drop open %" PRIu64 " --stock N", drop_id);
    }
    say_which_there_are(drops, count, true, out);
    say_which_there_are(drops, count, false, out);
}

/* What to do about it, where the server's sentence does not say it. */
static const char *advice(const sluice_command_t *command, slc_status_t status)
{
    slc_control_op_t op = command->request.op;
    if (status == SLC_STATUS_CONFLICT && op == SLC_CONTROL_OPEN_DROP) {
        return "look at it with sluice drop show, change its stock with sluice drop adjust, or take "
               "another ID";
    }
    if (status == SLC_STATUS_CONFLICT && op == SLC_CONTROL_ADJUST_STOCK) {
        return "sluice drop show says what is sold";
    }
    if (status == SLC_STATUS_CLOSED) {
        return "a closed drop stays closed; open another one";
    }
    if (status == SLC_STATUS_INVALID && (op == SLC_CONTROL_GET_ORDER || op == SLC_CONTROL_CANCEL_ORDER)) {
        return "an order's ID is the order_id of the buyer's answer; replay export lists all orders";
    }
    if (status == SLC_STATUS_READ_ONLY) {
        return "make room on the server's disk; sluice status says what it waits for";
    }
    if (status == SLC_STATUS_OVERLOADED) {
        return "nothing was recorded; try again";
    }
    return NULL;
}

void sluice_trouble_refused(const sluice_command_t *command, const slc_control_reply_t *reply,
                            const slc_drop_info_t *drops, size_t count, FILE *out)
{
    const char *hint = advice(command, reply->status);
    (void)fputs("sluice: ", out);
    if (reply->status == SLC_STATUS_UNKNOWN_DROP && drops != NULL) {
        say_unknown_drop(command->request.drop_id, drops, count, out);
        hint = NULL;
    } else if (reply->message[0] != '\0') {
        sluice_text_print(out, reply->message);
    } else {
        (void)fputs("the server refused", out);
    }
    if (hint != NULL) {
        fprintf(out, "; %s", hint);
    }
    fprintf(out, " (%s)\n", slc_status_name((int)reply->status));
}

/* ---- calls that broke ---- */

void sluice_trouble_failed(const sluice_command_t *command, const slc_error_t *error, bool was_sent,
                           FILE *out)
{
    fprintf(out, "sluice: %s\n", error->message);
    if (error->code == SLC_ERR_TIMEOUT && !command->is_change && command->action != SLUICE_ACT_SNAPSHOT) {
        (void)fputs("sluice: the server's log says what it does; --timeout SECONDS waits longer\n", out);
    }
    if (was_sent && command->is_change) {
        fprintf(out,
                "sluice: whether the change happened is not known; ask the same again with --op-key "
                "%016" PRIx64 ", and it happens once\n",
                command->request.op_key);
    }
}
