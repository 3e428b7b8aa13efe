#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

slc_err_t slc_error_set(slc_error_t *error, slc_err_t code, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->code = code;
        error->sys_errno = 0;
        (void)vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return code;
}

slc_err_t slc_error_sys(slc_error_t *error, slc_err_t code, int sys_errno, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->code = code;
        error->sys_errno = sys_errno;
        (void)vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        char text[128];
        const char *reason = strerror_r(sys_errno, text, sizeof text);
        size_t used = strlen(error->message);
        (void)snprintf(error->message + used, sizeof error->message - used, ": %s", reason);
    }
    return code;
}

slc_err_t slc_error_wrap(slc_error_t *error, const char *format, ...)
{
    if (error == NULL) {
        return SLC_ERR_IO;
    }
    char inner[sizeof error->message];
    memcpy(inner, error->message, sizeof inner);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    size_t used = strlen(error->message);
    (void)snprintf(error->message + used, sizeof error->message - used, ": %s", inner);
    return error->code;
}
