#include "kind.h"

#include <stdarg.h>
#include <stdio.h>

static char failure[256];

bool peer_fail(const char *format, ...)
{
    if (failure[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(failure, sizeof failure, format, arguments);
        va_end(arguments);
    }
    return false;
}

const char *peer_failure(void)
{
    return failure[0] == '\0' ? NULL : failure;
}
