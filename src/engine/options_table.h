/* The table of options, and the way from text to value and back. Inside of options.h.
 * Threads, ownership: as options.h. Failure: CONFIG, with a sentence that says what would be right. */
#ifndef SLC_ENGINE_OPTIONS_TABLE_H
#define SLC_ENGINE_OPTIONS_TABLE_H

#include "engine/options.h"

#include <stddef.h>

typedef enum slc_option_kind {
    SLC_OPTION_PATH,     /* char[SLC_OPTIONS_PATH_BYTES] */
    SLC_OPTION_ADDRESS,  /* slc_options_address_t */
    SLC_OPTION_COUNT,    /* uint32_t */
    SLC_OPTION_SIZE,     /* uint64_t, bytes */
    SLC_OPTION_DURATION, /* uint64_t, milliseconds */
    SLC_OPTION_CHOICE,   /* an enum that counts from 0 */
    SLC_OPTION_SWITCH,   /* bool */
} slc_option_kind_t;

typedef struct slc_option {
    const char *name;          /* as a flag without its dashes, as a key of the file as it stands */
    size_t offset;             /* in slc_options_t */
    const char *default_value; /* as a user would write it; "" for none */
    uint64_t low, high;        /* of numbers, in base units; high 0 allows nothing else */
    uint64_t multiple_of;      /* 0: any */
    slc_option_kind_t kind;
    bool power_of_two;
    bool zero_is_never; /* of a DURATION or a SIZE: 0 is allowed below `low` */
    bool line_only;     /* cannot stand in the file */
    bool or_off;        /* of an ADDRESS: "off" is allowed, and stored as an empty host */
    /* Of a PATH that is not every text: whether this one is good, and what would be. NULL: every one. */
    bool (*accepts)(const char *text);
    const char *form;
    const char *choices[4]; /* of a CHOICE, in the order of the enum; NULL ends */
    const char *argument;   /* its place holder in the help */
    const char *help;
} slc_option_t;

extern const slc_option_t slc_options_table[];
extern const size_t slc_options_count;

#define SLC_OPTIONS_NAME_BYTES 48

/* "SLUICE_IO_THREADS" of "io-threads". */
void slc_option_environment_name(const slc_option_t *option, char out[SLC_OPTIONS_NAME_BYTES]);
/* By name; NULL where there is none. */
const slc_option_t *slc_option_find(const char *name);
/* The nearest name of an option or of `more` (NULL-terminated, or NULL) by edit distance (Levenshtein, a
 * swap of neighbours counts once); NULL where none is near enough to be meant. */
const char *slc_option_nearest(const char *name, const char *const *more);
/* Likewise; where no name is near, one that has all words of `name` or whose words `name` has, from the
 * first word on: "min-free-space" and "min" may mean "min-free". */
const char *slc_option_suggest(const char *name, const char *const *more);

/* Reads `text` into the option's field. `place` begins the sentence of an error. */
slc_err_t slc_option_read(const slc_option_t *option, const char *text, const char *place,
                          slc_options_t *options, slc_error_t *ret_error);
/* The value as a user would write it, so that slc_option_read understands it. */
void slc_option_write(const slc_option_t *option, const slc_options_t *options, char *out,
                      size_t capacity);

/* Sets the option from a place of that origin, unless a stronger one has set it already; the value is
 * checked either way. */
slc_err_t slc_option_set(const slc_option_t *option, const char *text, const char *place,
                         slc_origin_t origin, slc_options_t *options, slc_error_t *ret_error);

/* Reads the text of a configuration file called `name`. */
slc_err_t slc_options_read_text(const char *name, const char *text, slc_options_t *options,
                                slc_error_t *ret_error);
/* Opens and reads it; at most SLC_OPTIONS_FILE_BYTES_MAX. */
slc_err_t slc_options_read_file(const char *path, slc_options_t *options, slc_error_t *ret_error);
#define SLC_OPTIONS_FILE_BYTES_MAX 65536

#endif
