/* Sleep and wake: src/disruptor/sequence.h, wait.c, and slc_consumer_wake. One thread advances a sequence
 * twice, the second time as far as the sleeper wants; another may wake the sleeper in between; the sleeper
 * must not be left asleep.
 *
 * Each thread has a store buffer, as on x86 (total store order): a plain store goes into it and reaches
 * memory at any later moment, in order. A seq_cst store, and every locked read-modify-write, waits until it
 * is empty. The bell is ck_ec's counter; sleeping on it is the
 * futex call, which compares and falls asleep in one step.
 *
 * Asserted: no deadlock, and the sleeper ends only when it has seen the last value and a wake has ended one
 * of its waits.
 *
 * Seeded bugs: BUG_ADVANCE (the sequence is advanced by a release store), BUG_ANNOUNCE (the sleeper
 * announces itself by a plain store), BUG_WAKE (woken is set by a release store), BUG_LOOK_FIRST (looks,
 * then announces itself), BUG_NOTE_LATE (notes the bell behind the look). */

#define LAST 2
#define NOTHING 255

/* Memory. */
byte value = 0;
byte sleepers = 0;
bool woken = false;
byte bell = 0;

/* One place in each store buffer is enough: no thread has two plain stores under way. */
byte buffered_value = NOTHING;    /* of the advancer */
byte buffered_sleepers = NOTHING; /* of the sleeper */
bool buffered_woken = false;      /* of the waker */

/* The memory system: empties buffers at any time, so in particular as late as it likes. */
active proctype memory()
{
end:
    do
    :: atomic { buffered_value != NOTHING -> value = buffered_value; buffered_value = NOTHING }
    :: atomic { buffered_sleepers != NOTHING -> sleepers = buffered_sleepers; buffered_sleepers = NOTHING }
    :: atomic { buffered_woken -> woken = true; buffered_woken = false }
    od
}

inline ring_if_sleepers()
{
    if
    :: sleepers != 0 -> bell++ /* a locked increment, and the futex's wake */
    :: else
    fi
}

active proctype advancer()
{
    byte n = 1;
    do
    :: n <= LAST ->
        buffered_value == NOTHING; /* room in the buffer */
        buffered_value = n;
#ifndef BUG_ADVANCE
        buffered_value == NOTHING; /* seq_cst: not on before it has arrived */
#endif
        ring_if_sleepers();
        n++
    :: else -> break
    od
}

/* slc_consumer_wake, once, at any time. */
active proctype waker()
{
    buffered_woken = true;
#ifndef BUG_WAKE
    !buffered_woken;
#endif
    ring_if_sleepers()
}

byte wanted = 0; /* the sleeper waits for a value above it */

/* Two loads, not one. */
inline look()
{
    over = value > wanted;
    if
    :: over
    :: else -> over = woken
    fi
}

inline announce()
{
    buffered_sleepers = 1; /* an increment, but there is only one sleeper */
#ifndef BUG_ANNOUNCE
    buffered_sleepers == NOTHING
#endif
}

inline withdraw()
{
    /* A locked decrement, in either case behind the announcement. */
    atomic { buffered_sleepers = NOTHING; sleepers = 0 }
}

/* Waits until it has seen the last value, and been woken once. */
active proctype sleeper()
{
    byte noted;
    bool over;
    bool heard_wake = false;

    do
    :: wanted == LAST && heard_wake -> break
    :: else ->
        /* A wait: looks without announcing itself (spinning), and then falls asleep. */
        over = false;
        do
        :: over -> break
        :: else ->
#ifdef BUG_LOOK_FIRST
            look();
            noted = bell;
            announce();
#else
            announce();
#ifndef BUG_NOTE_LATE
            noted = bell;
#endif
            look();
#ifdef BUG_NOTE_LATE
            noted = bell;
#endif
#endif
            if
            :: over
            :: else -> bell != noted /* asleep */
            fi;
            withdraw();
            look()
        od;
        if
        :: value > wanted -> wanted = value
        :: else -> woken = false; heard_wake = true /* an exchange */
        fi
    od
}
