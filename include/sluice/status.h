/* Outcomes and errors by name: the status that a buyer hears, and the error that a library call returns.
 * Threads: everything here is constant or writes only to memory of the caller.
 * Ownership: names and texts are static; an slc_error_t is the caller's and holds no pointers to free.
 * Failure: a number without a name answers "STATUS_UNSPECIFIED" or "unknown error", never NULL. */
#ifndef SLUICE_STATUS_H
#define SLUICE_STATUS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of a request; the same numbers as sluice.v1.Status, which says what each means. */
#define SLC_STATUS_LIST(X)                                                                               \
    X(UNSPECIFIED, 0)                                                                                    \
    X(ACCEPTED, 1)                                                                                       \
    X(SOLD_OUT, 2)                                                                                       \
    X(LIMIT_EXCEEDED, 3)                                                                                 \
    X(UNKNOWN_DROP, 4)                                                                                   \
    X(NOT_OPEN, 5)                                                                                       \
    X(CLOSED, 6)                                                                                         \
    X(CONFLICT, 7)                                                                                       \
    X(CANCELLED, 8)                                                                                      \
    X(INVALID, 9)                                                                                        \
    X(OVERLOADED, 10)                                                                                    \
    X(UNAUTHENTICATED, 11)                                                                               \
    X(FORBIDDEN, 12)                                                                                     \
    X(NOT_LEADER, 13)                                                                                    \
    X(READ_ONLY, 14)

typedef enum slc_status {
#define SLC_STATUS_ENUM(name, value) SLC_STATUS_##name = (value),
    SLC_STATUS_LIST(SLC_STATUS_ENUM)
#undef SLC_STATUS_ENUM
} slc_status_t;

#define SLC_STATUS_COUNT 15

/* "STATUS_ACCEPTED" and so on; "STATUS_UNSPECIFIED" for a number without a name. */
const char *slc_status_name(int status);

/* What went wrong in a call: code, exit code of a program that ends with it, text, who must act. */
#define SLC_ERROR_LIST(X)                                                                                \
    X(OK, 0, "success", "nobody")                                                                        \
    X(END, 0, "nothing more", "nobody")                                                                  \
    X(CHECK_FAILED, 1, "a check failed", "operator")                                                     \
    X(USAGE, 2, "wrong usage", "caller")                                                                 \
    X(CONFIG, 3, "bad configuration", "operator")                                                        \
    X(DAMAGED, 4, "damaged journal or snapshot", "operator")                                             \
    X(IO, 5, "input or output failed", "operator")                                                       \
    X(IN_USE, 6, "the data directory is in use", "operator")                                             \
    X(NO_MEMORY, 5, "out of memory", "operator")                                                         \
    X(PROTOCOL, 5, "the peer broke the protocol", "peer")                                                \
    X(REFUSED, 5, "the peer refused", "operator")                                                        \
    X(CLOSED, 5, "the connection is closed", "peer")                                                     \
    X(TIMEOUT, 5, "no answer in time", "operator")

typedef enum slc_err {
#define SLC_ERR_ENUM(name, exit_code, text, who) SLC_ERR_##name,
    SLC_ERROR_LIST(SLC_ERR_ENUM)
#undef SLC_ERR_ENUM
} slc_err_t;

#define SLC_OK SLC_ERR_OK
#define SLC_END SLC_ERR_END

/* The text of a code, its exit code for a program (0 to 6), and who can do something about it. */
const char *slc_err_text(slc_err_t code);
int slc_err_exit_code(slc_err_t code);
const char *slc_err_who(slc_err_t code);

/* What a failed call says: the code again, the errno behind it (0: none), and a sentence that names the
 * place and, where there is one, the next step. Filled only on failure; every call takes NULL for it. */
typedef struct slc_error {
    slc_err_t code;
    int sys_errno;
    char message[480];
} slc_error_t;

#ifdef __cplusplus
}
#endif

#endif
