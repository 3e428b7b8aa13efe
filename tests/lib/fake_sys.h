/* A table of system calls (sys/sys.h) over a file system in memory: it counts and fails calls, shortens
 * them, and shows at each call that changes something what a crash at that very moment leaves.
 * Threads: any number may call the table; everything else is for one thread while no other calls.
 * Ownership: create/destroy; a crash or a kill makes a file system of its own.
 * Failure: misuse aborts the test with a line on stderr. */
#ifndef TESTS_LIB_FAKE_SYS_H
#define TESTS_LIB_FAKE_SYS_H

#include "fake_disk.h"

#include "sys/sys.h"

typedef struct fake_sys fake_sys_t;

typedef enum fake_call {
    FAKE_OPEN,
    FAKE_CLOSE,
    FAKE_PREAD,
    FAKE_PWRITE,
    FAKE_FSYNC,
    FAKE_FDATASYNC,
    FAKE_FORGET,
    FAKE_TRUNCATE,
    FAKE_SIZE,
    FAKE_RENAME,
    FAKE_LINK,
    FAKE_UNLINK,
    FAKE_MKDIR,
    FAKE_LIST,
    FAKE_LOCK,
    FAKE_RANDOM,
    FAKE_CALL_COUNT,
    FAKE_ANY = FAKE_CALL_COUNT
} fake_call_t;

const char *fake_call_name(fake_call_t call);

/* An empty file system whose top directory is where the process stands. */
fake_sys_t *fake_sys_create(void);
void fake_sys_destroy(fake_sys_t *fake);
const slc_sys_t *fake_sys_table(fake_sys_t *fake);

/* ---- faults ---- one at a time; counting begins anew with each call of these */

/* The `nth` (from 1) call of that kind fails with `error` (positive errno), and all after it if for_ever.
 * A failing write may have reached some sectors, a failing sync loses what it should have written. */
void fake_sys_fail(fake_sys_t *fake, fake_call_t call, uint64_t nth, int error, bool for_ever);
/* The nth read or write does only `bytes` of its work. */
void fake_sys_shorten(fake_sys_t *fake, fake_call_t call, uint64_t nth, size_t bytes);
void fake_sys_heal(fake_sys_t *fake);
/* While `quiet`, calls are not counted and none fails: for who looks on from outside. */
void fake_sys_quiet(fake_sys_t *fake, bool quiet);
/* Calls of that kind since the last of the three above. */
uint64_t fake_sys_calls(const fake_sys_t *fake, fake_call_t call);
/* The fault has come at least once. */
bool fake_sys_faulted(const fake_sys_t *fake);
/* open with O_DIRECT answers EINVAL, as tmpfs does. */
void fake_sys_refuse_direct(fake_sys_t *fake);
/* Room for so many bytes in all files together; more is ENOSPC. */
void fake_sys_limit_bytes(fake_sys_t *fake, uint64_t bytes);
/* All clocks. */
void fake_sys_set_time(fake_sys_t *fake, uint64_t time_us);
/* The wall clock is `fake_sys_base_us` ahead of the monotonic one; set_time sets that. */
uint64_t fake_sys_base_us(const fake_sys_t *fake);
uint64_t fake_sys_now_ns(const fake_sys_t *fake); /* monotonic, without moving it */
void fake_sys_pass_time(fake_sys_t *fake, uint64_t ns);
/* Bytes in all files, those without a name among them. */
uint64_t fake_sys_bytes(const fake_sys_t *fake);

/* ---- crashes ---- */

/* The change that is about to be made, for a watcher. Names are good until it returns. */
typedef struct fake_change_seen {
    fake_call_t call;
    const char *name;     /* of the file, or of the directory that is synced; "": the top one */
    const char *new_name; /* of a rename or link */
    const uint8_t *bytes; /* of a write */
    size_t count;
    uint64_t offset;
} fake_change_seen_t;
fake_change_seen_t fake_sys_seen(const fake_sys_t *fake);

/* Called before each call that changes a file or directory, or syncs one, is carried out, with its number
 * from 1. fake_sys_crash may be called in it; the table may not. */
typedef void (*fake_before_fn)(void *context, fake_sys_t *fake, uint64_t change);
void fake_sys_watch(fake_sys_t *fake, fake_before_fn before, void *context);
uint64_t fake_sys_changes(const fake_sys_t *fake);

/* What a power cut at this moment leaves. Within a watch also the write under way counts as unsynced. */
fake_sys_t *fake_sys_crash(fake_sys_t *fake, fake_keep_t keep, uint64_t seed);
/* Units of what is unsynced at this moment, for FAKE_KEEP_ONE and FAKE_KEEP_BUT_ONE. */
size_t fake_sys_unsynced(fake_sys_t *fake);
/* Sectors of the write under way, 0 outside of one. */
size_t fake_sys_write_sectors(const fake_sys_t *fake);
/* The same machine after the process was killed: page cache kept, descriptors and locks gone. */
fake_sys_t *fake_sys_kill(fake_sys_t *fake);

/* ---- files from outside, by path ("data/lock") ---- NULL: there is none */

const uint8_t *fake_sys_file(fake_sys_t *fake, const char *path, size_t *ret_bytes);
/* Creates or replaces it, durably. */
void fake_sys_put(fake_sys_t *fake, const char *path, const void *bytes, size_t count);
/* Changes bytes in place, durably. */
void fake_sys_poke(fake_sys_t *fake, const char *path, const void *bytes, size_t count, uint64_t offset);
void fake_sys_cut_file(fake_sys_t *fake, const char *path, size_t bytes);
void fake_sys_remove(fake_sys_t *fake, const char *path);
void fake_sys_move(fake_sys_t *fake, const char *from, const char *to);
/* Both show the same names, and the same bytes under each. */
bool fake_sys_same_files(const fake_sys_t *one, const fake_sys_t *other);
/* Names in a directory. */
size_t fake_sys_names(fake_sys_t *fake, const char *path, char (*ret_names)[FAKE_NAME_BYTES], size_t max);

#endif
