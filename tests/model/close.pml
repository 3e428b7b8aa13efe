/* Closing: src/disruptor/close.c and claim.c. Producers claim and publish while two threads close the ring;
 * a consumer drains it. Without a define: one producer, who claims by plain stores. -DMANY: two, who claim
 * by compare-and-swap.
 *
 * The single producer has a store buffer, as on x86 (total store order): its stores reach memory at any
 * later moment, in order. membarrier(2) runs a barrier on its core, which empties the buffer.
 *
 * Asserted: the consumer ends, having consumed exactly the slots that were granted; nothing is granted to a
 * claim that began after close had returned; no deadlock.
 *
 * Seeded bugs: BUG_NO_BARRIER (close does without membarrier), BUG_ALL_STAND (a plain claim that met a close
 * always stands), BUG_NONE_STAND (it never does), BUG_END_FIRST (close reads the claim before it says that
 * it closes), with MANY: BUG_NO_BIT (the claim word does not know that the ring is closed). */

#define SLOTS 2
#define EVENTS 4 /* that the producers would send if nobody closed */
#define OPEN 255

byte claim = 0;
bool closed_bit = false; /* the top bit of the claim word: always read and written with `claim`, at once */
bool closing = false;
byte end = OPEN;
bool published[EVENTS] = false;
byte progress = 0;

/* What the assertions know, and the threads don't. */
byte granted = 0;
bool close_returned = false;

/* ---- the single producer's stores on their way to memory ---- */

#define TO_CLAIM 0
#define TO_PUBLISHED 1
chan buffer = [4] of { byte, byte };

inline reach_memory()
{
    if
    :: buffer ? TO_CLAIM, claim
    :: buffer ? TO_PUBLISHED, reached -> published[reached] = true
    fi
}

active proctype memory()
{
    byte reached;
end_idle:
    do
    :: atomic { nempty(buffer) -> reach_memory(); reached = 0 }
    od
}

/* ---- producers ---- */

#ifndef MANY

active proctype producer()
{
    byte mine = 0; /* its own store to `claim`, which it always sees */
    bool too_late;

    do
    :: mine == EVENTS -> break
    :: else ->
        too_late = close_returned;
        if
        :: closing -> break
        :: else
        fi;
        (progress + SLOTS > mine || closing); /* has_room_to, or the wait for room */
        if
        :: progress + SLOTS > mine
        :: else -> break
        fi;
        buffer ! TO_CLAIM, mine + 1;
        if
        :: closing ->
#ifdef BUG_ALL_STAND
            skip
#else
            end != OPEN; /* slc_close_settle */
            if
#ifndef BUG_NONE_STAND
            :: mine + 1 <= end
#endif
            :: else -> buffer ! TO_CLAIM, mine; break
            fi
#endif
        :: else
        fi;
        atomic { assert(!too_late); granted++ }
        buffer ! TO_PUBLISHED, mine;
        mine++
    od
}

#else

active [2] proctype producer()
{
    byte mine;
    bool too_late;

    do
    :: too_late = close_returned;
        mine = claim;
retry:
        if
        :: mine == EVENTS || closed_bit -> break
        :: else
        fi;
        (progress + SLOTS > mine || closing);
        if
        :: progress + SLOTS > mine
        :: else -> break
        fi;
        atomic {
            if
            :: claim == mine && !closed_bit -> claim = mine + 1; assert(!too_late); granted++
            :: else -> mine = claim; goto retry
            fi
        }
        published[mine] = true
    od
}

#endif

/* ---- close, twice ---- */

active [2] proctype closer()
{
    byte reached;
    byte counted = OPEN;

#ifdef BUG_END_FIRST
    counted = claim;
#endif
    atomic {
        if
        :: closing -> goto lost /* the other one closes */
        :: else -> closing = true
        fi
    }
#ifndef BUG_END_FIRST
#ifdef MANY
#ifdef BUG_NO_BIT
    counted = claim;
#else
    atomic { counted = claim; closed_bit = true }
#endif
#else
#ifndef BUG_NO_BARRIER
    atomic { /* membarrier */
        do
        :: nempty(buffer) -> reach_memory()
        :: empty(buffer) -> reached = 0; break
        od
    }
#endif
    counted = claim;
#endif
#endif
    end = counted;
    close_returned = true;
lost:
    skip
}

/* ---- the consumer ---- */

active proctype consumer()
{
    byte next = 0;

    do
    :: next < EVENTS && published[next] -> next++; progress = next
    :: next >= end -> break /* slc_consumer_done */
    od;
    assert(next == end)
}

/* When nothing moves any more, all that was granted has been consumed, and nothing else. */
active proctype judge()
{
    timeout;
    assert(end != OPEN && progress == granted && progress == end)
}
