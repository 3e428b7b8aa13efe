/* The bytes of a journal on disk, format version 1. Constants only: nothing runs, nothing is owned.
 * Integers are unsigned and little-endian. Every checksum is XXH3-64 with seed 0 (base/hash.h).
 *
 * A data directory holds
 *   lock                         who this directory is, and whether a journal was ever begun
 *   segment-NNNNNNNNNN.journal   the segments, ten decimal digits, numbered from 1 without gaps
 *   prepare.tmp, probe.tmp       left behind by a crash; hold nothing, removed at the next start
 *   torn-segment-NNNNNNNNNN-OFFSET-N.bin   what recovery cut from behind the last block, kept to look at
 *
 * ---- lock: text ----
 *
 *    0  40  "sluice ", the directory id as 32 lower-case hexadecimal digits, newline
 *   40   8  "journal", newline: written once, after the first segment is durable and before anything in
 *           it is acknowledged
 * Valid if and only if the first 40 bytes are as said. A lock with more than 40 bytes says that a journal
 * was begun: without a segment it is then a deleted journal and not a fresh directory.
 *
 * ---- segment ---- segment_bytes long, zeros where nothing was written yet. Header block, then blocks.
 *
 *   offset size  header block
 *      0   8   magic "SLCSEGMT"
 *      8   8   checksum over the bytes 16 to 4095
 *     16   4   format version: 1
 *     20   4   rules version (SLC_RULES_VERSION of src/logic/logic.h) that its events were decided by
 *     24  16   directory id
 *     40   4   segment number
 *     44   4   0
 *     48   8   segment_bytes: the size of the file; a multiple of 4096
 *     56   8   first_sequence: of the first event that this segment may hold
 *     64   8   last_time_us: time of the event before it; 0 where there is none
 *     72   8   chain: checksum of the last block of the segment before that is not a ROLLED seal (of its
 *              header block, where it has none); 0 in segment 1
 *     80 4016  0
 * Valid if and only if magic and checksum are right, the format and rules version are known, the
 * directory id is that of the lock, the number is that of the name, the file is segment_bytes long, and
 * the zeros are zeros. A segment gets its name only after its header is durable.
 *
 *   offset size  block (at a multiple of 4096)
 *      0   8   magic "SLCBLOCK"
 *      8   8   checksum over the bytes 16 to total_bytes - 1
 *     16   2   format version: 1
 *     18   2   flags: 1 SEAL, 2 ROLLED
 *     20   4   events: how many; 0 in a seal
 *     24   4   payload_bytes; 0 in a seal
 *     28   4   total_bytes: 128 + payload_bytes, rounded up to 4096; at most 4 MiB
 *     32   4   segment number
 *     36   4   0
 *     40   8   directory id, its first 8 bytes
 *     48   8   offset of this block in the segment
 *     56   8   first_sequence: of its first event; in a seal, the one that would come next
 *     64   8   durable_sequence: of the last event that had been acknowledged as durable when this block
 *              was issued
 *     72   8   time_us: of its events; in a seal, of the last event
 *     80   8   digest_sequence: an event that had been applied when this block was issued; 0: not known
 *     88   8   digest: of the state behind that event (src/logic/digest.h); 0 where it is not known
 *     96   8   chain: checksum of the block before, or of the segment's header block
 *    104  24   0
 *    128   -   payload: one serialized sluice.v1.EventBatch, with this block's time_us, first_sequence
 * and number of events; then zeros up to total_bytes Valid in itself if and only if magic and checksum
 * are right; the version is 1; the flags are 0, SEAL or SEAL + ROLLED; total_bytes is as said and the
 * block ends within the segment; segment, directory and offset are those of the place it stands at;
 * first_sequence is at least 1; digest_sequence <= durable_sequence < first_sequence; for a seal events
 * and payload_bytes are 0 and durable_sequence is first_sequence - 1; otherwise both are at least 1; and
 * the zeros are zeros. Valid in its place if and only if, furthermore, first_sequence is one above that
 * of the last event before it, chain is as said, time_us is not below that of the last event before it,
 * and the block before it is not a ROLLED seal.
 *
 * A SEAL is written behind the last block when the journal goes idle and at shutdown: it vouches for what
 * stands before it. The next block simply follows it. ROLLED stands on the last seal of a segment: the
 * next segment has been named. Each segment keeps room for it.
 *
 * What bytes that are no valid block mean is decided in src/journal/decide.h. */
#ifndef SLC_JOURNAL_FORMAT_H
#define SLC_JOURNAL_FORMAT_H

#include <stdint.h>

#define SLC_FORMAT_VERSION 1u
/* The rules that a segment written today names. Equal to SLC_RULES_VERSION, which this folder may not
 * include; src/restore/restore.c asserts it. */
#define SLC_FORMAT_RULES_VERSION 1u

/* Blocks begin and end on this unit: the largest logical sector in use, so that one write never touches a
 * sector of another. */
#define SLC_PAGE_BYTES 4096u
#define SLC_SEGMENT_HEADER_BYTES SLC_PAGE_BYTES
#define SLC_BLOCK_HEADER_BYTES 128u
#define SLC_SEAL_BYTES SLC_PAGE_BYTES
#define SLC_BLOCK_BYTES_LIMIT (UINT32_C(4) << 20)
/* No journal grows a larger segment; bounds what a damaged header can make a reader ask for. */
#define SLC_SEGMENT_BYTES_LIMIT (UINT64_C(1) << 40)

/* As little-endian numbers: "SLCSEGMT" and "SLCBLOCK". */
#define SLC_SEGMENT_MAGIC UINT64_C(0x544d474553434c53)
#define SLC_BLOCK_MAGIC UINT64_C(0x4b434f4c42434c53)
/* Checksums begin behind magic and checksum. */
#define SLC_CHECKSUM_OFFSET 8u
#define SLC_CHECKED_OFFSET 16u

#define SLC_BLOCK_SEAL 1u
#define SLC_BLOCK_ROLLED 2u

#define SLC_PREPARE_NAME "prepare.tmp"
#define SLC_PROBE_NAME "probe.tmp"
/* How the names of snapshots begin (src/snapshot/format.h): a directory that has one is not fresh. */
#define SLC_SNAPSHOT_NAME_PREFIX "snapshot-"

#define SLC_LOCK_MAGIC "sluice "
#define SLC_LOCK_BEGUN "journal\n"
#define SLC_LOCK_ID_BYTES 40u
#define SLC_LOCK_BYTES 48u

#endif
