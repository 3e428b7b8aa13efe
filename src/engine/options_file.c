/* The configuration file: lines of `name = value`, comments from '#' or ';' at the line's beginning or
 * '#' behind a blank, one optional section [sluiced]. A value that begins with '"' ends at the next one;
 * between them \" \\ \n and \r stand for what a line could not hold otherwise. */
#include "engine/options_table.h"

#include "base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Long enough for every name, for the longest path with each byte escaped, and for another in a comment.
 */
#define LINE_BYTES_MAX 4096

static char *trimmed(char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    size_t bytes = strlen(text);
    while (bytes > 0 && strchr(" \t\r", text[bytes - 1]) != NULL) {
        text[--bytes] = '\0';
    }
    return text;
}

static void cut_comment(char *line)
{
    for (char *at = line; *at != '\0'; at++) {
        if ((*at == '#' && (at == line || at[-1] == ' ' || at[-1] == '\t')) ||
            (*at == ';' && at == line)) {
            *at = '\0';
            return;
        }
    }
}

/* Where the value begins with its quotation mark; NULL: it has none. */
static char *find_quoted(char *line)
{
    char *at = line + strcspn(line, "=#;");
    if (*at != '=') {
        return NULL;
    }
    do {
        at++;
    } while (*at == ' ' || *at == '\t');
    return *at == '"' ? at : NULL;
}

/* In place; false: there is no second quotation mark, something unknown behind a backslash, or something
 * else than a comment behind it all. */
static bool unquote(char *quoted)
{
    static const char escaped[] = "\"\\nr";
    static const char meant[] = "\"\\\n\r";
    char *to = quoted;
    const char *from = quoted + 1;
    for (; *from != '"'; from++) {
        if (*from == '\\') {
            from++;
            const char *found = *from == '\0' ? NULL : strchr(escaped, *from);
            if (found == NULL) {
                return false;
            }
            *to++ = meant[found - escaped];
        } else if (*from == '\0') {
            return false;
        } else {
            *to++ = *from;
        }
    }
    from++;
    from += strspn(from, " \t\r");
    bool ends = *from == '\0' || *from == '#';
    *to = '\0';
    return ends;
}

static slc_err_t unknown_key(const char *place, const char *key, slc_error_t *error)
{
    const char *meant = slc_option_suggest(key, NULL);
    if (meant != NULL) {
        return slc_error_set(error, SLC_ERR_CONFIG, "%s: there is no option '%.64s'; did you mean '%s'?",
                             place, key, meant);
    }
    return slc_error_set(error, SLC_ERR_CONFIG,
                         "%s: there is no option '%.64s'; sluiced --help lists them", place, key);
}

static slc_err_t read_line(const char *name, uint32_t number, char *line, uint32_t *seen_at,
                           slc_options_t *options, slc_error_t *error)
{
    char place[300];
    (void)snprintf(place, sizeof place, "%.255s:%u", name, number);
    char *key = trimmed(line);
    char *quoted = find_quoted(key);
    if (quoted == NULL) {
        cut_comment(key);
    }
    key = trimmed(key);
    if (*key == '\0' || strcmp(key, "[sluiced]") == 0) {
        return SLC_OK;
    }
    if (*key == '[') {
        return slc_error_set(error, SLC_ERR_CONFIG,
                             "%s: there is no section '%.64s'; only [sluiced] can stand here", place,
                             key);
    }
    char *equals = strchr(key, '=');
    if (equals == NULL) {
        return slc_error_set(error, SLC_ERR_CONFIG,
                             "%s: '%.64s' is no 'name = value'; write it like io-threads = 2", place,
                             key);
    }
    *equals = '\0';
    if (quoted != NULL && !unquote(quoted)) {
        return slc_error_set(
            error, SLC_ERR_CONFIG,
            "%s: '%.64s' is not quoted rightly; write \"...\", with \\\" \\\\ \\n \\r inside", place,
            trimmed(key));
    }
    char *value = quoted != NULL ? quoted : trimmed(equals + 1);
    key = trimmed(key);
    const slc_option_t *option = slc_option_find(key);
    if (option == NULL) {
        return unknown_key(place, key, error);
    }
    if (option->line_only) {
        return slc_error_set(error, SLC_ERR_CONFIG, "%s: '%s' cannot stand in a file; give it as --%s",
                             place, key, key);
    }
    uint32_t *seen = &seen_at[option - slc_options_table];
    if (*seen != 0) {
        return slc_error_set(error, SLC_ERR_CONFIG, "%s: '%s' stands in line %u already; remove one",
                             place, key, *seen);
    }
    *seen = number;
    size_t used = strlen(place);
    (void)snprintf(place + used, sizeof place - used, ": %s", option->name);
    slc_origin_t origin = {SLC_ORIGIN_FILE, number};
    return slc_option_set(option, value, place, origin, options, error);
}

slc_err_t slc_options_read_text(const char *name, const char *text, slc_options_t *options,
                                slc_error_t *ret_error)
{
    uint32_t seen_at[SLC_OPTIONS_MAX] = {0};
    uint32_t number = 0;
    /* Some editors begin a file of UTF-8 with a byte order mark. */
    const char *begin = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    for (const char *at = begin; *at != '\0';) {
        char line[LINE_BYTES_MAX];
        size_t bytes = strcspn(at, "\n");
        number++;
        if (bytes >= sizeof line) {
            return slc_error_set(ret_error, SLC_ERR_CONFIG,
                                 "%.255s:%u: the line is over %d bytes; shorten it", name, number,
                                 LINE_BYTES_MAX - 1);
        }
        memcpy(line, at, bytes);
        line[bytes] = '\0';
        at += at[bytes] == '\n' ? bytes + 1 : bytes;
        slc_err_t err = read_line(name, number, line, seen_at, options, ret_error);
        if (err != SLC_OK) {
            return err;
        }
    }
    return SLC_OK;
}

slc_err_t slc_options_read_file(const char *path, slc_options_t *options, slc_error_t *ret_error)
{
    slc_err_t err = SLC_OK;
    char *text = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return slc_error_sys(
            ret_error, SLC_ERR_CONFIG, errno,
            "cannot open the configuration file %.255s, which --config or SLUICE_CONFIG names", path);
    }
    text = malloc(SLC_OPTIONS_FILE_BYTES_MAX + 1);
    if (text == NULL) {
        err = slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory to read %.255s", path);
        goto out;
    }
    size_t bytes = fread(text, 1, SLC_OPTIONS_FILE_BYTES_MAX + 1, file);
    if (ferror(file) != 0) {
        err = slc_error_sys(
            ret_error, SLC_ERR_CONFIG, errno,
            "cannot read the configuration file %.255s, which --config or SLUICE_CONFIG names", path);
    } else if (bytes > SLC_OPTIONS_FILE_BYTES_MAX) {
        err = slc_error_set(ret_error, SLC_ERR_CONFIG,
                            "%.255s is over %d bytes: that is no configuration file; give --config or "
                            "SLUICE_CONFIG another",
                            path, SLC_OPTIONS_FILE_BYTES_MAX);
    } else if (memchr(text, '\0', bytes) != NULL) {
        err = slc_error_set(
            ret_error, SLC_ERR_CONFIG,
            "%.255s holds a NUL: that is no configuration file; give --config or SLUICE_CONFIG "
            "another",
            path);
    } else {
        text[bytes] = '\0';
        err = slc_options_read_text(path, text, options, ret_error);
    }
out:
    free(text);
    (void)fclose(file); /* read only: nothing to lose */
    return err;
}
