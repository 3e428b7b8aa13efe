/* Filling in an slc_error_t, and wrapping context around one on its way out.
 * Threads: pure functions over memory of the caller. Owns nothing. Every function takes NULL for the
 * error and answers the code, so that a failing call ends in one line: return slc_error_set(...). */
#ifndef SLC_BASE_ERROR_H
#define SLC_BASE_ERROR_H

#include <sluice/status.h>

/* Code and a sentence. */
slc_err_t slc_error_set(slc_error_t *error, slc_err_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a failed system call: appends ": " and the text of `sys_errno` (positive). */
slc_err_t slc_error_sys(slc_error_t *error, slc_err_t code, int sys_errno, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Puts "context: " in front of the sentence, keeps the code. */
slc_err_t slc_error_wrap(slc_error_t *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
