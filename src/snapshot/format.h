/* The bytes of a snapshot on disk, format version 1. Constants only: nothing runs, nothing is owned.
 * Integers are unsigned and little-endian; "varint" is protobuf's, 1 to 10 bytes. Every checksum is
 * XXH3-64 with seed 0 (base/hash.h).
 *
 * A data directory holds
 *   snapshot-SSSSSSSSSSSSSSSSSSSS.snap   the state behind event S, twenty decimal digits
 *   snapshot.tmp                         left behind by a crash; holds nothing, removed at the next start
 *
 * ---- file ---- the header, then `blocks` blocks, one behind the other, and nothing else.
 *
 *   offset size  header
 *      0   8   magic "SLCSNAPS"
 *      8   8   checksum over the bytes 16 to 4095
 *     16   4   format version: 1
 *     20   4   rules version (SLC_RULES_VERSION of src/logic/logic.h) that its events were decided by
 *     24  16   directory id
 *     40   8   sequence: of the last event in it; at least 1; that of the name
 *     48   8   time_us of that event
 *     56   8   digest of the state behind it (src/logic/digest.h)
 *     64   8   drops: DROP entries
 *     72   8   orders: ORDER entries
 *     80   8   file_bytes
 *     88   8   blocks
 *     96   8   written_us: wall clock, microseconds since 1970
 *    104   8   chain: checksum of the last block; 0 where there is none
 *    112 3984  0
 *
 *   offset size  block
 *      0   8   magic "SLCSNBLK"
 *      8   8   checksum over the bytes 16 to 40 + payload_bytes - 1
 *     16   4   number, from 0
 *     20   4   payload_bytes, 1 to 256 KiB
 *     24   8   chain: checksum of the block before; 0 in the first
 *     32   4   entries: how many, at least 1
 *     36   4   0
 *     40   -   payload: whole entries
 *
 *   entry (<sluice/snapshot.h> says in which order they stand)
 *     DROP    1, closed (0 or 1), bytes of the name (0 to 64), then 8 bytes each: drop_id, stock, sold,
 *             remaining, per_user_limit, opens_at_us, closes_at_us, orders, cancelled; the name
 *     ORDER   2, bytes of the user (1 to 64), varints: order_id, time_us, both less those of the record
 *             before it in its drop (less 0 for the first), quantity (1 to 1,000,000); order_key, 8
 * bytes; the user CANCEL  3, varints: sequence and time_us, both less those of the record before it in
 * its drop; sequence less order_id OP      4, kind (1 byte), then 8 bytes each: op_key, contents,
 * sequence, time_us, drop_id
 *
 * Valid if and only if all of this holds, the file is file_bytes long, the number of its name, the
 * directory id and both versions are known, chains and counts are as said, and no varint is longer than
 * its number needs. A file gets its name only after all of it is durable and has been read back. */
#ifndef SLC_SNAPSHOT_FORMAT_H
#define SLC_SNAPSHOT_FORMAT_H

#include <stdint.h>

#define SLC_SNAPSHOT_FORMAT_VERSION 1u

#define SLC_SNAPSHOT_HEADER_BYTES 4096u
#define SLC_SNAPSHOT_BLOCK_HEADER_BYTES 40u
#define SLC_SNAPSHOT_PAYLOAD_BYTES_MAX (UINT32_C(256) << 10)
/* The longest entry: a drop with a name of 64 bytes. */
#define SLC_SNAPSHOT_ENTRY_BYTES_MAX (3u + 9u * 8u + 64u)

/* As little-endian numbers: "SLCSNAPS" and "SLCSNBLK". */
#define SLC_SNAPSHOT_MAGIC UINT64_C(0x5350414e53434c53)
#define SLC_SNAPSHOT_BLOCK_MAGIC UINT64_C(0x4b4c424e53434c53)
#define SLC_SNAPSHOT_CHECKED_OFFSET 16u

enum {
    SLC_SNAPSHOT_AT_VERSION = 16,
    SLC_SNAPSHOT_AT_RULES = 20,
    SLC_SNAPSHOT_AT_DIRECTORY = 24,
    SLC_SNAPSHOT_AT_SEQUENCE = 40,
    SLC_SNAPSHOT_AT_TIME = 48,
    SLC_SNAPSHOT_AT_DIGEST = 56,
    SLC_SNAPSHOT_AT_DROPS = 64,
    SLC_SNAPSHOT_AT_ORDERS = 72,
    SLC_SNAPSHOT_AT_FILE_BYTES = 80,
    SLC_SNAPSHOT_AT_BLOCKS = 88,
    SLC_SNAPSHOT_AT_WRITTEN = 96,
    SLC_SNAPSHOT_AT_CHAIN = 104,
    SLC_SNAPSHOT_AT_ZEROS = 112,
};

enum {
    SLC_SNAPSHOT_BLOCK_AT_CHECKSUM = 8,
    SLC_SNAPSHOT_BLOCK_AT_NUMBER = 16,
    SLC_SNAPSHOT_BLOCK_AT_PAYLOAD = 20,
    SLC_SNAPSHOT_BLOCK_AT_CHAIN = 24,
    SLC_SNAPSHOT_BLOCK_AT_ENTRIES = 32,
    SLC_SNAPSHOT_BLOCK_AT_ZERO = 36,
};

#define SLC_SNAPSHOT_TEMPORARY_NAME "snapshot.tmp"

#endif
