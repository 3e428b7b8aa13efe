/* Holds the hand-written codec against protobuf-c: same bytes in, same answer out. Used by the unit tests
 * over random messages and by the fuzzer over everything else.
 * Threads: any; no state. Owns nothing.
 * Failure: a difference prints the message in hex and aborts. */
#ifndef SLC_TESTS_FUZZ_AGAINST_PROTOBUF_H
#define SLC_TESTS_FUZZ_AGAINST_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each decodes `bytes` both ways, and answers whether they are such a message.
 *
 * The two may differ in what protobuf-c leaves out of the encoding's definition, and in nothing else:
 * - a field numbered 0, or over 2^29 - 1: protobuf-c skips it, we refuse it, as protobuf does;
 * - a varint of ten bytes whose last holds more than the 64th bit: both take it and drop the rest, but
 *   protobuf-c calls a bool true for a bit that was dropped;
 * - a bool behind another wire type: protobuf-c takes it, we refuse it like any other field's;
 * - text: protobuf-c ends it at a NUL. */
bool slc_agree_on_buy(const uint8_t *bytes, size_t count);
bool slc_agree_on_reply(const uint8_t *bytes, size_t count);

/* The journal's events have one encoding each: what is taken is taken by protobuf-c too, with the same
 * fields, and written again it is the same bytes. protobuf-c may take more. */
bool slc_agree_on_event(const uint8_t *bytes, size_t count);

/* A whole EventBatch, from both sides: it is taken if and only if protobuf-c takes it, would itself write
 * just these bytes for what it read, and every field is within its bounds. Only the head's two fields are
 * written also where they are 0. */
bool slc_agree_on_batch(const uint8_t *bytes, size_t count);

#endif
