#include "called.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Of perf/load, load-test and reload the last word is no command. */
static bool begins_a_word(const char *text, const char *at)
{
    return at == text || isspace((unsigned char)at[-1]);
}

void called_print(FILE *out, const char *text, const char *own, const char *name)
{
    size_t length = strlen(own);
    const char *begin = text;
    for (const char *at = strstr(text, own); at != NULL; at = strstr(at + length, own)) {
        if (begins_a_word(text, at) && (at[length] == ' ' || (at == text && at[length] == ':'))) {
            (void)fwrite(begin, 1, (size_t)(at - begin), out);
            (void)fputs(name != NULL ? name : program_invocation_short_name, out);
            begin = at + length;
        }
    }
    (void)fputs(begin, out);
}

/* The format under the name of this process, which the caller frees; NULL: no memory, or a name that
 * would be read as part of a format. */
static char *renamed(const char *format, const char *own)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream =
        strchr(program_invocation_short_name, '%') == NULL ? open_memstream(&text, &bytes) : NULL;
    if (stream == NULL) {
        return NULL;
    }
    called_print(stream, format, own, NULL);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

void called_say(const char *own, const char *format, ...)
{
    char *text = renamed(format, own);
    const char *said = text != NULL ? text : format;
    va_list arguments;
    va_start(arguments, format);
/* It is `format` but for the name, so the compiler's check of the callers holds for it, too. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    /* clang-tidy 14 misses va_start here. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vfprintf(stderr, said, arguments);
#pragma GCC diagnostic pop
    va_end(arguments);
    free(text);
}
