/* The steps by which something becomes durable, each with a name that a test can crash at: before it, and
 * behind it. They are told from the calls themselves, so that production has neither hooks nor #ifdefs,
 * and so that a step without a name cannot be: a change that no row describes is a failed test.
 *
 *   step                      what is done                                      made durable by
 *   directory.make            mkdir of the data directory                       directory.parent_sync
 *   directory.parent_sync     fsync of its parent
 *   lock.make                 the lock file                                     lock.directory_sync
 *   lock.identity_write       the first line of the lock file                   lock.identity_sync
 *   lock.identity_sync        fsync of it; also at each start
 *   lock.directory_sync       fsync of the directory behind it
 *   lock.begun_write          its second line: a journal was begun              lock.begun_sync
 *   lock.begun_sync           fsync of it
 *   probe.*                   a trial file for direct writes; holds nothing
 *   prepare.make, .write      the next segment, zeros                           prepare.sync
 *   prepare.sync              fsync of it
 *   roll.header_write         the header of the next segment                    itself (O_DSYNC), or the
 * next roll.header_sync          fdatasync of it, without direct writes roll.rename               it gets
 * its name                                  roll.directory_sync roll.directory_sync       fsync of the
 * directory roll.seal_write           the ROLLED seal of the segment before             itself, or the
 * next roll.seal_sync            fdatasync of it journal.block_write       a block of events itself, or
 * the next journal.block_sync        fdatasync of it: acknowledged behind this journal.seal_write, _sync
 * a seal, idle or at a stop settle.segment_sync       fsync of each segment at a start
 *   settle.directory_sync     fsync of the directory behind them
 *   cut.evidence_make, _write a copy of a torn tail                             cut.evidence_sync
 *   cut.evidence_sync, cut.directory_sync
 *   cut.zero_write            zeros over the torn tail                          cut.zero_sync
 *   cut.zero_sync             fsync of the segment
 *   repair.seal_write, _sync  the ROLLED seal that an interrupted roll owes
 *   snapshot.make, .write     the temporary file, its blocks                    snapshot.sync
 *   snapshot.header_write     its header, last                                  snapshot.sync
 *   snapshot.sync             fsync of it
 *   snapshot.rename           it gets its name                                  snapshot.directory_sync
 *   snapshot.directory_sync   fsync of the directory
 *   archive.*                 a directory for what goes, and a trial link; hold nothing
 *   retain.*                  what two good snapshots cover is archived or removed, oldest first
 *
 * Threads: one. Owns nothing. Failure: points_of answers SIZE_MAX for a change without a name. */
#ifndef TESTS_FAULT_POINTS_H
#define TESTS_FAULT_POINTS_H

#include "../lib/fake_sys.h"

/* One more than the last. */
size_t points_count(void);
/* NULL: a second row of one name. */
const char *points_name(size_t point);
/* Which step is about to be made, behind the step `last` (SIZE_MAX: none); SIZE_MAX: it has no name. */
size_t points_of(const fake_change_seen_t *seen, size_t last);

#endif
