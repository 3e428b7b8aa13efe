/* replay compact: the state of a data directory as a directory of its own, with one snapshot and no
 * journal. */
#include "../common/called.h"
#include "progress.h"
#include "replay.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The new directory would stand in the old one, which is never written to. */
static bool is_inside(const char *directory, const char *into)
{
    struct stat outer;
    struct stat inner;
    char *parent = strdup(into);
    if (parent == NULL) {
        return true;
    }
    size_t length = strlen(parent);
    while (length > 1 && parent[length - 1] == '/') {
        parent[--length] = '\0';
    }
    char *slash = strrchr(parent, '/');
    if (slash == NULL) {
        (void)snprintf(parent, length + 1, ".");
    } else {
        slash[slash == parent ? 1 : 0] = '\0';
    }
    bool same = stat(directory, &outer) == 0 && stat(parent, &inner) == 0 &&
                outer.st_dev == inner.st_dev && outer.st_ino == inner.st_ino;
    free(parent);
    return same;
}

static void print_json(const replay_options_t *options, const slc_compacted_t *compacted)
{
    fputs("{\"directory\":", stdout);
    replay_put_quoted(stdout, replay_text(options->directory));
    fputs(",\"into\":", stdout);
    replay_put_quoted(stdout, replay_text(options->into));
    printf(",\"sequence\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\",\"drops\":%" PRIu64
           ",\"orders\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n",
           compacted->sequence, compacted->digest, compacted->drops, compacted->orders, compacted->bytes);
}

static void print_text(const replay_options_t *options, const slc_compacted_t *compacted)
{
    printf("into     %s\n", options->into);
    printf("behind   event %" PRIu64 "\n", compacted->sequence);
    printf("digest   %016" PRIx64 "\n", compacted->digest);
    printf("holds    %" PRIu64 " drops, %" PRIu64 " orders, in %" PRIu64 " bytes\n", compacted->drops,
           compacted->orders, compacted->bytes);
}

int replay_compact(const replay_options_t *options)
{
    slc_error_t error = {0};
    slc_compacted_t compacted;
    replay_progress_t progress;
    if (options->into == NULL) {
        called_say("replay", "replay compact: --into NEW is missing; see replay compact --help\n");
        return REPLAY_USAGE;
    }
    if (is_inside(options->directory, options->into)) {
        called_say("replay", "replay compact: %s stands within %s, which is only read; choose another\n",
                   options->into, options->directory);
        return REPLAY_USAGE;
    }
    replay_progress_begin(&progress, "compacting");
    slc_err_t code = slc_state_compact(options->directory, options->into, replay_progress_update,
                                       &progress, &compacted, &error);
    replay_progress_end(&progress);
    if (code != SLC_OK) {
        return replay_fail(&error);
    }
    if (options->json) {
        print_json(options, &compacted);
    } else {
        print_text(options, &compacted);
    }
    return replay_flush(REPLAY_DONE);
}
