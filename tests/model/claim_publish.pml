/* Claim and publish among many producers, and a gating consumer: src/disruptor/claim.c, publish.c and
 * barrier.c. Three producers send EVENTS events over a ring of SLOTS slots, two laps, each claim one or
 * two slots long. The look at the gate is kept in room_end, which any producer may overwrite with an older
 * value; slots of a claim are published from the last to the first.
 *
 * Every step that touches shared memory is one transition. Their order on real machines is left to
 * ThreadSanitizer; here, all interleavings.
 *
 * Asserted: the consumer reads each sequence's own content, whole (not of an earlier lap, not half written,
 * not overwritten while it reads); it sees all of a claim as soon as it sees the first of it; no producer
 * writes a slot that another one writes; and in the end nothing is missing.
 *
 * Seeded bugs: BUG_ROOM (one slot too many), BUG_FLAG (published is a flag, not a lap), BUG_STORE (the
 * claim is stored, not compared and swapped), BUG_EARLY (published before it is written), BUG_FORWARD
 * (published from the first to the last), BUG_PROGRESS (progress before the work). */

#ifndef SLOTS
#define SLOTS 2
#endif
#define EVENTS (2 * SLOTS)
#define PRODUCERS 3
#define NONE 255

#ifdef BUG_ROOM
#define ROOM (SLOTS + 1)
#else
#define ROOM SLOTS
#endif

byte claim = 0;
byte room_end = 0;
byte progress = 0;
byte laps[SLOTS] = NONE;
byte content[SLOTS] = NONE; /* the sequence whose event it holds; NONE while it is being written */
byte claimed_with[EVENTS];  /* the last sequence of the claim that it belongs to */

#define LAP(s) ((s) / SLOTS)

#ifdef BUG_FLAG
#define MARK(s) 1
#else
#define MARK(s) LAP(s)
#endif

/* An atomic block below holds one access to shared memory, and what a thread does by itself around it. */

inline write_slots()
{
    do
    :: atomic { i < count ->
            /* Another's half-written slot would be NONE here; in the first lap it is NONE of its own. */
            assert(mine + i < SLOTS || content[(mine + i) % SLOTS] == mine + i - SLOTS);
            content[(mine + i) % SLOTS] = NONE }
        atomic { content[(mine + i) % SLOTS] = mine + i; i++ }
    :: atomic { else -> i = 0; break }
    od
}

inline publish_slots()
{
#ifdef BUG_FORWARD
    do
    :: atomic { i < count -> laps[(mine + i) % SLOTS] = MARK(mine + i); i++ }
    :: atomic { else -> i = 0; break }
    od
#else
    do
    :: atomic { count > 0 -> count--; laps[(mine + count) % SLOTS] = MARK(mine + count) }
    :: atomic { else -> break }
    od
#endif
}

proctype producer()
{
    byte mine, gate, count, i;

again:
    atomic { gate = 0; count = 0; mine = claim };
    do
    :: atomic { mine >= EVENTS -> mine = 0; break }
    :: atomic { else ->
            if
            :: count = 1
            :: mine + 2 <= EVENTS -> count = 2
            fi }
        if
        :: atomic { mine + count <= room_end -> skip }
        :: atomic { else -> gate = progress } /* between these two, others move on */
            room_end = gate + ROOM;
            if
            :: atomic { mine + count <= gate + ROOM -> gate = 0 }
            :: else ->
                /* No room: waits for a change, so that the search has no idle loops. */
                atomic { progress != gate || claim != mine; goto again }
            fi
        fi;
#ifdef BUG_STORE
        claim = mine + count;
        goto granted
#else
        atomic {
            if
            :: claim == mine ->
                claim = mine + count;
                goto granted
            :: else -> mine = claim; count = 0
            fi
        }
#endif
    od;
    goto finished;

granted:
    atomic {
        do
        :: i < count -> claimed_with[mine + i] = mine + count - 1; i++
        :: else -> i = 0; break
        od
    }
#ifdef BUG_EARLY
    laps[mine % SLOTS] = MARK(mine);
#endif
    write_slots();
    publish_slots();
    goto again;

finished:
    skip
}

#define PUBLISHED(s) (laps[(s) % SLOTS] == MARK(s))

proctype consumer()
{
    byte next, limit, i;

    do
    :: next == EVENTS -> break
    :: atomic { PUBLISHED(next) -> limit = next + 1 } /* waits for the slot that it needs */
        do
        :: atomic { limit < EVENTS && PUBLISHED(limit) -> limit++ }
        :: atomic { else -> assert(limit > claimed_with[next]); i = next; break }
        od;
#ifdef BUG_PROGRESS
        progress = limit;
#endif
        do
        :: i < limit ->
            assert(content[i % SLOTS] == i);
            atomic { assert(content[i % SLOTS] == i); i++ } /* still, when it has read the rest */
        :: atomic { else -> i = 0; next = limit; limit = 0; break }
        od;
        progress = next
    od;
    assert(claim == EVENTS)
}

init {
    atomic {
        run producer();
        run producer();
        run producer();
        run consumer()
    }
}
