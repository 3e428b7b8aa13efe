#include "points.h"

#include "base/bytes.h"
#include "journal/format.h"

#include <string.h>

/* What a write is told by, beside its file. */
typedef enum {
    ANY,
    ZEROS,
    HEADER, /* of a segment or of a snapshot */
    BLOCK,
    SEAL,
    ROLLED,
    FIRST_LINE,
    SECOND_LINE,
} content_t;

typedef struct {
    const char *name;
    fake_call_t call;
    const char *file;     /* beginning of its name */
    const char *new_name; /* of a rename; NULL: none */
    content_t content;
    const char *behind; /* beginning of the name of the step before; NULL: any */
} point_t;

/* The first row that fits counts; several may have one name. */
static const point_t points[] = {
    {"directory.make", FAKE_MKDIR, "data", NULL, ANY, NULL},
    {"lock.make", FAKE_OPEN, "lock", NULL, ANY, NULL},
    {"directory.parent_sync", FAKE_FSYNC, "", NULL, ANY, NULL},
    {"lock.identity_write", FAKE_PWRITE, "lock", NULL, FIRST_LINE, NULL},
    {"lock.begun_write", FAKE_PWRITE, "lock", NULL, SECOND_LINE, NULL},
    {"lock.begun_sync", FAKE_FSYNC, "lock", NULL, ANY, "lock.begun_write"},
    {"lock.identity_sync", FAKE_FSYNC, "lock", NULL, ANY, NULL},
    {"probe.make", FAKE_OPEN, "probe.tmp", NULL, ANY, NULL},
    {"probe.make", FAKE_TRUNCATE, "probe.tmp", NULL, ANY, NULL},
    {"probe.write", FAKE_PWRITE, "probe.tmp", NULL, ANY, NULL},
    {"probe.remove", FAKE_UNLINK, "probe.tmp", NULL, ANY, NULL},
    {"prepare.make", FAKE_OPEN, "prepare.tmp", NULL, ANY, NULL},
    {"prepare.make", FAKE_TRUNCATE, "prepare.tmp", NULL, ANY, NULL},
    {"prepare.remove", FAKE_UNLINK, "prepare.tmp", NULL, ANY, NULL},
    {"roll.header_write", FAKE_PWRITE, "prepare.tmp", NULL, HEADER, NULL},
    {"prepare.write", FAKE_PWRITE, "prepare.tmp", NULL, ZEROS, NULL},
    {"prepare.sync", FAKE_FSYNC, "prepare.tmp", NULL, ANY, NULL},
    {"roll.header_sync", FAKE_FDATASYNC, "prepare.tmp", NULL, ANY, "roll.header_write"},
    {"roll.rename", FAKE_RENAME, "prepare.tmp", "segment-", ANY, "roll.header"},
    {"roll.directory_sync", FAKE_FSYNC, "data", NULL, ANY, "roll.rename"},
    {"repair.seal_write", FAKE_PWRITE, "segment-", NULL, ROLLED, "settle."},
    {"repair.seal_sync", FAKE_FSYNC, "segment-", NULL, ANY, "repair.seal_write"},
    {"roll.seal_write", FAKE_PWRITE, "segment-", NULL, ROLLED, "roll."},
    {"roll.seal_sync", FAKE_FDATASYNC, "segment-", NULL, ANY, "roll.seal_write"},
    {"journal.block_write", FAKE_PWRITE, "segment-", NULL, BLOCK, NULL},
    {"journal.block_sync", FAKE_FDATASYNC, "segment-", NULL, ANY, "journal.block_write"},
    {"journal.seal_write", FAKE_PWRITE, "segment-", NULL, SEAL, NULL},
    {"journal.seal_sync", FAKE_FDATASYNC, "segment-", NULL, ANY, "journal.seal_write"},
    {"cut.evidence_make", FAKE_OPEN, "torn-segment-", NULL, ANY, NULL},
    {"cut.evidence_write", FAKE_PWRITE, "torn-segment-", NULL, ANY, NULL},
    {"cut.evidence_sync", FAKE_FSYNC, "torn-segment-", NULL, ANY, NULL},
    {"cut.directory_sync", FAKE_FSYNC, "data", NULL, ANY, "cut.evidence_sync"},
    {"cut.zero_write", FAKE_PWRITE, "segment-", NULL, ZEROS, "cut."},
    {"cut.zero_sync", FAKE_FSYNC, "segment-", NULL, ANY, "cut.zero_write"},
    {"settle.segment_sync", FAKE_FSYNC, "segment-", NULL, ANY, NULL},
    {"settle.directory_sync", FAKE_FSYNC, "data", NULL, ANY, "settle.segment_sync"},
    {"snapshot.make", FAKE_OPEN, "snapshot.tmp", NULL, ANY, NULL},
    {"snapshot.make", FAKE_TRUNCATE, "snapshot.tmp", NULL, ANY, NULL},
    {"snapshot.remove", FAKE_UNLINK, "snapshot.tmp", NULL, ANY, NULL},
    {"snapshot.header_write", FAKE_PWRITE, "snapshot.tmp", NULL, HEADER, "snapshot.write"},
    {"snapshot.write", FAKE_PWRITE, "snapshot.tmp", NULL, ANY, NULL},
    {"snapshot.sync", FAKE_FSYNC, "snapshot.tmp", NULL, ANY, "snapshot.header_write"},
    {"snapshot.sync", FAKE_FDATASYNC, "snapshot.tmp", NULL, ANY, "snapshot.write"},
    {"snapshot.rename", FAKE_RENAME, "snapshot.tmp", "snapshot-", ANY, "snapshot.sync"},
    {"snapshot.directory_sync", FAKE_FSYNC, "data", NULL, ANY, "snapshot.rename"},
    {"archive.make", FAKE_MKDIR, "archive", NULL, ANY, NULL},
    {"archive.probe_make", FAKE_LINK, "lock", "probe.tmp", ANY, NULL},
    {"retain.archive_sync", FAKE_FSYNC, "archive", NULL, ANY, "retain."},
    {"retain.segment_archive", FAKE_LINK, "segment-", NULL, ANY, NULL},
    {"retain.segment_remove", FAKE_UNLINK, "segment-", NULL, ANY, NULL},
    {"retain.snapshot_archive", FAKE_LINK, "snapshot-", NULL, ANY, NULL},
    {"retain.snapshot_remove", FAKE_UNLINK, "snapshot-", NULL, ANY, NULL},
    {"retain.directory_sync", FAKE_FSYNC, "data", NULL, ANY, "retain."},
    /* Nothing is there yet that would have to be settled. */
    {"lock.directory_sync", FAKE_FSYNC, "data", NULL, ANY, "lock.identity_sync"},
    {"settle.directory_sync", FAKE_FSYNC, "data", NULL, ANY, "lock.directory_sync"},
};

#define ROWS (sizeof points / sizeof points[0])

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_zeros(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static content_t content_of(const fake_change_seen_t *seen)
{
    if (seen->bytes == NULL) {
        return ANY;
    }
    if (strcmp(seen->name, "lock") == 0) {
        return seen->offset == 0 ? FIRST_LINE : SECOND_LINE;
    }
    if (seen->count >= 20 && begins((const char *)seen->bytes, "SLCBLOCK")) {
        unsigned flags = seen->bytes[18];
        return (flags & SLC_BLOCK_ROLLED) != 0 ? ROLLED : (flags & SLC_BLOCK_SEAL) != 0 ? SEAL : BLOCK;
    }
    if (is_zeros(seen->bytes, seen->count)) {
        return ZEROS;
    }
    return seen->offset == 0 ? HEADER : ANY;
}

static bool fits(const point_t *point, const fake_change_seen_t *seen, content_t content, size_t last)
{
    if (point->call != seen->call || !begins(seen->name, point->file) ||
        (point->file[0] == '\0' && seen->name[0] != '\0') ||
        (point->content != ANY && point->content != content)) {
        return false;
    }
    if (point->new_name != NULL && !begins(seen->new_name, point->new_name)) {
        return false;
    }
    return point->behind == NULL || (last != SIZE_MAX && begins(points[last].name, point->behind));
}

/* ---- rows with one name are one point: the first of them ---- */

static size_t first_of_name(size_t row)
{
    size_t first = 0;
    while (strcmp(points[first].name, points[row].name) != 0) {
        first++;
    }
    return first;
}

size_t points_count(void)
{
    return ROWS;
}

const char *points_name(size_t point)
{
    return first_of_name(point) == point ? points[point].name : NULL;
}

size_t points_of(const fake_change_seen_t *seen, size_t last)
{
    content_t content = content_of(seen);
    for (size_t row = 0; row < ROWS; row++) {
        if (fits(&points[row], seen, content, last)) {
            return first_of_name(row);
        }
    }
    return SIZE_MAX;
}
