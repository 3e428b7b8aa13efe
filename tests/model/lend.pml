/* Lent turns: src/engine/relay.c. Two producers publish quietly, and do the turn of a consumer for it while
 * it sleeps and its lock is free; the consumer's own thread takes the same lock for its turns. The first
 * time they publish one slot, the second time two; a turn takes one at most, as if a block were full with
 * it, so that a lender leaves some.
 *
 * All stores here are sequentially consistent; what happens when they are not is the matter of
 * sleep_wake.pml.
 *
 * Asserted: no deadlock (a slot that is published is handled although everybody has gone to sleep, and the
 * thread hears of the end of a closed ring), one turn at a time.
 *
 * Seeded bugs: BUG_NO_REST (a lender announces nothing of what it leaves), BUG_EARLY (looks for a
 * sleeper before it publishes), BUG_NO_LOCK, BUG_NO_END (a lender that handles the last slot of a closed
 * ring leaves the thread asleep). Who meets a taken lock announces, but need not: a lender looks
 * again behind its turn, and the thread before its sleep. */

#define EACH 2
#define OPEN 255

byte claimed = 0;
byte end = OPEN; /* slots that were claimed before the close */
byte published = 0;
byte done = 0;
byte sleepers = 0;
byte bell = 0;
bool locked = false;
bool in_turn = false;

inline turn()
{
    assert(!in_turn);
    in_turn = true;
    if
    :: published > done -> done++
    :: else
    fi;
    in_turn = false
}

inline announce()
{
    if
    :: sleepers != 0 -> bell++
    :: else
    fi
}

active [2] proctype producer()
{
    byte n = 0;
    bool sleeps;
    bool lent;
    do
    :: n == EACH -> break
    :: else ->
        n++;
        atomic {
            if
            :: end != OPEN -> break
            :: else -> claimed = claimed + n
            fi
        }
#ifdef BUG_EARLY
        sleeps = sleepers != 0;
        published = published + n;
#else
        published = published + n;
        sleeps = sleepers != 0;
#endif
        lent = false;
        if
        :: sleeps ->
#ifndef BUG_NO_LOCK
            atomic {
                if
                :: !locked -> locked = true; lent = true
                :: else /* somebody is at it */
                fi
            }
#else
            lent = true
#endif
        :: else
        fi;
        if
        :: lent ->
            turn();
            locked = false;
#ifndef BUG_NO_END
            if
            :: done == end -> announce()
            :: else
            fi
#endif
        :: else
        fi;
#ifdef BUG_NO_REST
        if
        :: !lent && published != done -> announce()
        :: else
        fi
#else
#ifdef BUG_EARLY
        if
        :: sleeps && published != done -> announce()
        :: else
        fi
#else
        if
        :: published != done -> announce()
        :: else
        fi
#endif
#endif
    od
}

active proctype worker()
{
    byte noted;
    byte before;
    do
    :: done == end -> break
    :: else ->
        atomic { !locked -> locked = true };
        before = done;
        turn();
        noted = done; /* only to know whether the turn did anything; noted anew below */
        locked = false;
        if
        :: noted != before
        :: else ->
            sleepers = 1;
            noted = bell;
            if
            :: published > done || done == end
            :: else -> bell != noted /* asleep */
            fi;
            sleepers = 0
        fi
    od
}

active proctype closer()
{
    end = claimed;
    announce()
}
