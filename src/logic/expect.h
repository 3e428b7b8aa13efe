/* Much that comes at once: a journal replayed, a snapshot loaded. Who does that tells how much of it is
 * done, and the logic's indexes grow to what the whole is going to need, in few steps and each in one go,
 * where they otherwise grow a little beside each event. A hint: whatever it says, the state is the same,
 * and an index takes at most four times what it needs.
 * Threads: the logic's. Ownership: none. Failure: none. */
#ifndef SLC_LOGIC_EXPECT_H
#define SLC_LOGIC_EXPECT_H

#include <stdint.h>

struct slc_logic;

/* Begins with done 0; `done` of `total`, in any unit, has been applied since. Total 0: it is over, and
 * from here on nothing takes long. */
void slc_logic_expect(struct slc_logic *logic, uint64_t done, uint64_t total);

#endif
