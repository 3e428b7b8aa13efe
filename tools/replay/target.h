/* A file that an export writes: it has its name only when it is whole. Until then it stands under a
 * temporary name beside it, which a signal removes.
 * Threads: one, one target at a time. Ownership: path is the caller's; begin allocates, commit or abandon
 *   frees. Failure: an exit code, said on stderr; nothing is left behind then but by a kill -9. */
#ifndef REPLAY_TARGET_H
#define REPLAY_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct replay_target {
    const char *path; /* "-": standard output */
    char *temporary;  /* NULL: standard output */
    FILE *stream;     /* NULL: none was asked for */
    bool force;
    uint64_t bytes; /* behind commit */
} replay_target_t;

/* Refuses what stands within the data directory, which is never written to, and what exists unless
 * `force`. With `with_stream` target->stream is open for writing; without, the file is empty and closed.
 */
int replay_target_begin(replay_target_t *target, const char *data_dir, const char *path, bool force,
                        bool with_stream);
/* Makes it durable and gives it its name. */
int replay_target_commit(replay_target_t *target);
/* Removes it; fine behind a begin that failed. */
void replay_target_abandon(replay_target_t *target);

#endif
