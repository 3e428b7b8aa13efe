/* What sluiced is told to do: flags over environment over file over defaults, all four described by one
 * table (options_table.c), from which help, names of keys, --print-config and the checks are made.
 *
 *   flag         --io-threads 2, --io-threads=2; a switch also alone: --busy-spin. The last one counts;
 *                a value that begins with "--" stands behind '='
 *   environment  SLUICE_IO_THREADS=2
 *   file         io-threads = 2        ('#' or ';' begins a comment; --config FILE or SLUICE_CONFIG)
 *
 * Threads: one, before the others start; then the struct is read-only.
 * Ownership: slc_options_t is plain memory of the caller, nothing to free.
 * Failure: USAGE (exit 2) for a flag that is unknown or incomplete; CONFIG (exit 3) for a value or a key
 *   that is wrong, wherever it stands, also where a stronger place overrides it. The sentence names the
 *   place and what to write instead. */
#ifndef SLC_ENGINE_OPTIONS_H
#define SLC_ENGINE_OPTIONS_H

#include "base/log.h"
#include "journal/writer.h"

#include <sluice/status.h>

#include <stdio.h>

#define SLC_OPTIONS_PATH_BYTES 1024 /* of a path with its NUL */
#define SLC_OPTIONS_HOST_BYTES 256

typedef struct slc_options_address {
    char host[SLC_OPTIONS_HOST_BYTES]; /* without the brackets of [::1] */
    uint16_t port;                     /* 0: the kernel chooses */
} slc_options_address_t;

typedef enum slc_options_action {
    SLC_ACTION_SERVE,
    SLC_ACTION_HELP,         /* print slc_options_print_help, exit 0 */
    SLC_ACTION_VERSION,      /* print slc_options_print_version, exit 0 */
    SLC_ACTION_CHECK_CONFIG, /* the values were good: exit 0 */
    SLC_ACTION_PRINT_CONFIG, /* print slc_options_print_config, exit 0 */
} slc_options_action_t;

/* The stronger, the higher. */
typedef enum slc_origin_kind {
    SLC_ORIGIN_DEFAULT,
    SLC_ORIGIN_FILE,
    SLC_ORIGIN_ENVIRONMENT,
    SLC_ORIGIN_FLAG,
} slc_origin_kind_t;

typedef struct slc_origin {
    slc_origin_kind_t kind;
    uint32_t line; /* of a file */
} slc_origin_t;

typedef enum slc_journal_method {
    SLC_JOURNAL_METHOD_AUTO,      /* direct writes, and where the file system refuses them fdatasync */
    SLC_JOURNAL_METHOD_DIRECT,    /* or no start */
    SLC_JOURNAL_METHOD_FDATASYNC, /* direct writes are not tried */
} slc_journal_method_t;

#define SLC_OPTIONS_MAX 32

typedef struct slc_options {
    slc_options_action_t action;
    char config[SLC_OPTIONS_PATH_BYTES];   /* "": none was named */
    char data_dir[SLC_OPTIONS_PATH_BYTES]; /* "" only where action is not SERVE */
    slc_options_address_t listen;
    char control[SLC_OPTIONS_PATH_BYTES]; /* fits into a sockaddr_un */
    slc_options_address_t http;           /* an empty host: off */
    char report[SLC_OPTIONS_PATH_BYTES];  /* "off": none */
    slc_durability_t durability;
    slc_journal_method_t journal_method; /* AUTO where durability is OS */
    uint32_t io_threads;
    bool busy_spin;
    uint32_t ring_slots; /* a power of two */
    uint64_t segment_bytes;
    uint64_t block_bytes_max; /* fits 32 bits */
    uint64_t min_free_bytes;  /* 0: free space is not looked at */
    uint32_t max_in_flight;   /* at most ring_slots */
    uint32_t max_frame_bytes;
    uint32_t max_connections;
    uint64_t hello_timeout_ms;
    uint64_t frame_timeout_ms;
    uint64_t idle_timeout_ms; /* 0: never */
    uint64_t write_timeout_ms;
    uint64_t snapshot_interval_ms;       /* 0: never by time */
    uint64_t snapshot_bytes;             /* of journal; 0: never by size */
    char retain[SLC_OPTIONS_PATH_BYTES]; /* as src/snapshot/retain.h reads it */
    bool attempts_log;
    uint64_t attempts_log_bytes; /* of each of its files */
    bool insecure;
    slc_log_format_t log_format;
    slc_log_level_t log_level;
    slc_origin_t origins[SLC_OPTIONS_MAX]; /* in the order of the table */
} slc_options_t;

/* `argv` with the program's name first, `environment` as environ(7). Help and version win over everything
 * else on the line and look at nothing else. */
slc_err_t slc_options_parse(int argc, char *const *argv, char *const *environment,
                            slc_options_t *ret_options, slc_error_t *ret_error);

void slc_options_print_help(FILE *out);
void slc_options_print_version(FILE *out);
/* Where the value of the option `name` (one of the table) comes from: "default", "flag --listen". */
void slc_options_origin(const slc_options_t *options, const char *name, char *out, size_t capacity);
/* Every value with its origin, in the form that --config reads. */
void slc_options_print_config(const slc_options_t *options, FILE *out);

#endif
