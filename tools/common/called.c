#include "called.h"

#include <ctype.h>
#include <errno.h>
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
        if (begins_a_word(text, at) && at[length] == ' ') {
            (void)fwrite(begin, 1, (size_t)(at - begin), out);
            (void)fputs(name != NULL ? name : program_invocation_short_name, out);
            begin = at + length;
        }
    }
    (void)fputs(begin, out);
}
