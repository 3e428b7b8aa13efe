#include "snapshot/retain.h"

#include "base/error.h"
#include "journal/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARCHIVE_WORD "archive:"
/* Snapshots whose goodness is remembered. */
#define KNOWN_MAX (SLC_RETAIN_MAX + 24u)
#define COMPARE_BYTES 16384

struct slc_retainer {
    const slc_directory_t *directory;
    slc_retain_t retain;
    int archive_fd; /* -1: what goes is removed */
    bool unsynced;  /* a removal that a power cut may still undo */
    /* Found good, and found bad: neither is read again. In no order. */
    struct {
        uint64_t sequences[KNOWN_MAX];
        size_t count;
    } good, bad;
};

/* ---- configuration ---- */

slc_err_t slc_retain_parse(const char *text, slc_retain_t *ret_retain, slc_error_t *ret_error)
{
    size_t word = strlen(ARCHIVE_WORD);
    *ret_retain = (slc_retain_t){.snapshots = SLC_RETAIN_MIN};
    if (strcmp(text, "all") == 0) {
        ret_retain->snapshots = SLC_RETAIN_ALL;
        return SLC_OK;
    }
    if (strncmp(text, ARCHIVE_WORD, word) == 0 && text[word] != '\0' &&
        strlen(text + word) < sizeof ret_retain->archive) {
        (void)snprintf(ret_retain->archive, sizeof ret_retain->archive, "%s", text + word);
        return SLC_OK;
    }
    char *end = NULL;
    unsigned long snapshots = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || snapshots < SLC_RETAIN_MIN ||
        snapshots > SLC_RETAIN_MAX) {
        return slc_error_set(ret_error, SLC_ERR_CONFIG,
                             "retain: '%.80s' is unknown; give a number from %u to %u, 'all', or "
                             "'archive:DIR'",
                             text, SLC_RETAIN_MIN, SLC_RETAIN_MAX);
    }
    ret_retain->snapshots = (uint32_t)snapshots;
    return SLC_OK;
}

/* A file can be in both directories at once: so they are of one file system, and writable. */
static slc_err_t try_archive(const slc_retainer_t *retainer, slc_error_t *ret_error)
{
    const slc_sys_t *sys = retainer->directory->sys;
    const char *archive = retainer->retain.archive;
    (void)sys->unlink(sys->self, retainer->archive_fd, "probe.tmp"); /* of a start that was killed */
    int code =
        sys->link(sys->self, retainer->directory->fd, SLC_LOCK_NAME, retainer->archive_fd, "probe.tmp");
    if (code < 0) {
        return slc_error_sys(ret_error, SLC_ERR_CONFIG, -code,
                             "retain: nothing can be moved to %s; it has to be a writable directory of "
                             "the data directory's own file system",
                             archive);
    }
    code = sys->unlink(sys->self, retainer->archive_fd, "probe.tmp");
    return code < 0 ? slc_error_sys(ret_error, SLC_ERR_CONFIG, -code,
                                    "retain: cannot remove %s/probe.tmp", archive)
                    : SLC_OK;
}

static slc_err_t open_archive(slc_retainer_t *retainer, slc_error_t *ret_error)
{
    const slc_sys_t *sys = retainer->directory->sys;
    if (retainer->retain.archive[0] == '\0') {
        return SLC_OK;
    }
    retainer->archive_fd =
        sys->open(sys->self, AT_FDCWD, retainer->retain.archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (retainer->archive_fd < 0) {
        return slc_error_sys(ret_error, SLC_ERR_CONFIG, -retainer->archive_fd,
                             "retain: cannot open the archive %s", retainer->retain.archive);
    }
    return try_archive(retainer, ret_error);
}

slc_err_t slc_retainer_create(const slc_directory_t *directory, const slc_retain_t *retain,
                              slc_retainer_t **ret_retainer, slc_error_t *ret_error)
{
    slc_retainer_t *retainer = calloc(1, sizeof *retainer);
    if (retainer == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for the snapshots");
    }
    retainer->directory = directory;
    retainer->retain = *retain;
    retainer->archive_fd = -1;
    slc_err_t code = open_archive(retainer, ret_error);
    if (code != SLC_OK) {
        slc_retainer_destroy(retainer);
        return code;
    }
    *ret_retainer = retainer;
    return SLC_OK;
}

void slc_retainer_destroy(slc_retainer_t *retainer)
{
    if (retainer == NULL) {
        return;
    }
    if (retainer->archive_fd >= 0) {
        const slc_sys_t *sys = retainer->directory->sys;
        (void)sys->close(sys->self, retainer->archive_fd); /* each move was synced */
    }
    free(retainer);
}

/* ---- which are good ---- */

static bool is_known(const uint64_t *sequences, size_t count, uint64_t sequence)
{
    for (size_t i = 0; i < count; i++) {
        if (sequences[i] == sequence) {
            return true;
        }
    }
    return false;
}

/* A full list forgets one: it is read again should it still be there. */
static void remember(uint64_t *sequences, size_t *count, uint64_t sequence)
{
    sequences[*count < KNOWN_MAX ? (*count)++ : sequence % KNOWN_MAX] = sequence;
}

void slc_retainer_note_good(slc_retainer_t *retainer, uint64_t sequence)
{
    if (!is_known(retainer->good.sequences, retainer->good.count, sequence)) {
        remember(retainer->good.sequences, &retainer->good.count, sequence);
    }
}

/* OK, DAMAGED, or what prevented looking. */
static slc_err_t is_good(slc_retainer_t *retainer, uint64_t sequence, slc_snapshot_rest_fn rest,
                         void *context, slc_error_t *ret_error)
{
    char name[SLC_SNAPSHOT_NAME_BYTES];
    slc_snapshot_info_t info;
    if (is_known(retainer->good.sequences, retainer->good.count, sequence)) {
        return SLC_OK;
    }
    if (is_known(retainer->bad.sequences, retainer->bad.count, sequence)) {
        return SLC_ERR_DAMAGED;
    }
    slc_snapshot_name(sequence, name);
    slc_err_t code =
        slc_snapshot_check(retainer->directory, name, sequence, rest, context, &info, ret_error);
    if (code == SLC_OK) {
        slc_retainer_note_good(retainer, sequence);
    } else if (code == SLC_ERR_DAMAGED) {
        remember(retainer->bad.sequences, &retainer->bad.count, sequence);
    }
    return code;
}

/* The oldest snapshot that has to stay; 0: nothing may go yet. */
static slc_err_t find_oldest_kept(slc_retainer_t *retainer, const uint64_t *sequences, size_t count,
                                  slc_snapshot_rest_fn rest, void *context, uint64_t *ret_sequence,
                                  slc_error_t *ret_error)
{
    uint32_t wanted = retainer->retain.snapshots;
    *ret_sequence = 0;
    for (size_t i = count; i-- > 0 && wanted > 0;) {
        slc_err_t code = is_good(retainer, sequences[i], rest, context, ret_error);
        if (code == SLC_OK && --wanted == 0) {
            *ret_sequence = sequences[i];
        }
        if (code != SLC_OK && code != SLC_ERR_DAMAGED) {
            return code;
        }
    }
    return SLC_OK;
}

/* ---- letting go ---- */

static slc_err_t failed(const slc_retainer_t *retainer, int code, const char *what, const char *name,
                        slc_error_t *ret_error)
{
    return slc_error_sys(ret_error, SLC_ERR_IO, -code, "cannot %s %s/%s", what, retainer->directory->path,
                         name);
}

/* Both files are the same, byte for byte: a copy that someone made by hand while a segment was written
 * has its name, its length and its header, and yet not all of its events. */
static bool is_same(const slc_sys_t *sys, int one, int other)
{
    uint8_t pieces[2][COMPARE_BYTES];
    int64_t left = sys->size(sys->self, one);
    if (left < 0 || left != sys->size(sys->self, other)) {
        return false;
    }
    for (uint64_t offset = 0; left > 0; offset += COMPARE_BYTES, left -= COMPARE_BYTES) {
        size_t count = left < COMPARE_BYTES ? (size_t)left : COMPARE_BYTES;
        if (slc_sys_read_all(sys, one, pieces[0], count, offset) != 0 ||
            slc_sys_read_all(sys, other, pieces[1], count, offset) != 0 ||
            memcmp(pieces[0], pieces[1], count) != 0) {
            return false;
        }
    }
    return true;
}

/* The archive has a file of that name: true where it is this one, put there before a crash. */
static bool is_archived(const slc_retainer_t *retainer, const char *name)
{
    const slc_sys_t *sys = retainer->directory->sys;
    int fds[2] = {sys->open(sys->self, retainer->directory->fd, name, O_RDONLY | O_CLOEXEC, 0),
                  sys->open(sys->self, retainer->archive_fd, name, O_RDONLY | O_CLOEXEC, 0)};
    bool same = fds[0] >= 0 && fds[1] >= 0 && is_same(sys, fds[0], fds[1]);
    for (size_t i = 0; i < 2; i++) {
        (void)(fds[i] < 0 ? 0 : sys->close(sys->self, fds[i])); /* only read from */
    }
    return same;
}

static slc_err_t archive(const slc_retainer_t *retainer, const char *name, slc_error_t *ret_error)
{
    const slc_sys_t *sys = retainer->directory->sys;
    int code = sys->link(sys->self, retainer->directory->fd, name, retainer->archive_fd, name);
    if (code == -EEXIST && is_archived(retainer, name)) {
        code = 0;
    }
    if (code == 0) {
        code = sys->fsync(sys->self, retainer->archive_fd); /* there before it is gone from here */
    }
    return code < 0 ? failed(retainer, code, "archive", name, ret_error) : SLC_OK;
}

/* What was removed stays removed. Before the next removal, and behind it: a power cut that undid the one
 * and not the other would leave a journal with a hole. */
static slc_err_t sync_removals(slc_retainer_t *retainer, const char *name, slc_error_t *ret_error)
{
    const slc_sys_t *sys = retainer->directory->sys;
    int code = retainer->unsynced ? sys->fsync(sys->self, retainer->directory->fd) : 0;
    if (code < 0) {
        return failed(retainer, code, "sync the directory around", name, ret_error);
    }
    retainer->unsynced = false;
    return SLC_OK;
}

static slc_err_t let_go(slc_retainer_t *retainer, const char *name, slc_error_t *ret_error)
{
    const slc_sys_t *sys = retainer->directory->sys;
    slc_err_t err = sync_removals(retainer, name, ret_error);
    if (err == SLC_OK && retainer->archive_fd >= 0) {
        err = archive(retainer, name, ret_error);
    }
    if (err != SLC_OK) {
        return err;
    }
    int code = sys->unlink(sys->self, retainer->directory->fd, name);
    if (code < 0) {
        return failed(retainer, code, "remove", name, ret_error);
    }
    retainer->unsynced = true;
    return sync_removals(retainer, name, ret_error);
}

/* `sequence` is covered by the oldest snapshot kept. */
static slc_err_t let_segments_go(slc_retainer_t *retainer, uint64_t sequence, slc_error_t *ret_error)
{
    const slc_sys_t *sys = retainer->directory->sys;
    uint32_t *numbers = NULL;
    size_t count = 0;
    slc_err_t code = slc_segment_list(retainer->directory, &numbers, &count, ret_error);
    for (size_t i = 0; code == SLC_OK && i + 1 < count; i++) {
        slc_segment_header_t next;
        char name[SLC_SEGMENT_NAME_BYTES];
        int fd = -1;
        code = slc_segment_open(retainer->directory, numbers[i + 1], O_RDONLY | O_CLOEXEC, &fd, &next,
                                ret_error);
        if (code != SLC_OK) {
            break;
        }
        (void)sys->close(sys->self, fd); /* only read from */
        if (next.first_sequence > sequence + 1) {
            break;
        }
        slc_segment_name(numbers[i], name);
        code = let_go(retainer, name, ret_error);
    }
    free(numbers);
    return code;
}

slc_err_t slc_retainer_sweep(slc_retainer_t *retainer, slc_snapshot_rest_fn rest, void *context,
                             slc_error_t *ret_error)
{
    uint64_t *sequences = NULL;
    size_t count = 0;
    uint64_t kept = 0;
    if (retainer->retain.snapshots == SLC_RETAIN_ALL) {
        return SLC_OK;
    }
    slc_err_t code = slc_snapshot_find(retainer->directory, &sequences, &count, ret_error);
    if (code == SLC_OK) {
        code = find_oldest_kept(retainer, sequences, count, rest, context, &kept, ret_error);
    }
    if (code == SLC_OK && kept != 0) {
        code = let_segments_go(retainer, kept, ret_error);
    }
    for (size_t i = 0; code == SLC_OK && kept != 0 && i < count && sequences[i] < kept; i++) {
        char name[SLC_SNAPSHOT_NAME_BYTES];
        slc_snapshot_name(sequences[i], name);
        code = let_go(retainer, name, ret_error);
    }
    free(sequences);
    return code;
}
