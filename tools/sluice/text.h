/* Text that somebody else wrote, made safe to print.
 * Pure. Owns nothing. Cannot fail. */
#ifndef SLC_TOOLS_SLUICE_TEXT_H
#define SLC_TOOLS_SLUICE_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* For a terminal: control characters, backslashes, bytes that are no UTF-8, and characters that turn the
 * direction of writing leave as \xHH, so that a name can neither steer the terminal nor hide itself. */
void sluice_text_print(FILE *out, const char *text);
/* As a JSON string with its quotation marks; a byte that is no UTF-8 becomes U+FFFD. */
void sluice_text_json(FILE *out, const char *text);

#endif
