/* What a report lacks of a cut: which drops changed or are gone, and the records behind what is covered,
 * a buffer full at a time. Knows nothing of SQLite.
 *
 *     slc_behind_know ...            what the file has, once, by rising drop_id
 *     slc_behind_aim(cut)            from here on it is about the state of this cut
 *     slc_behind_read(cut)           fills `rows`; FULL: write them, then read on, from a later cut
 *     slc_behind_arrive              all of it is in the file
 *
 * Threads: one. Ownership: init/finish; nothing points into a cut behind the call.
 * Failure: NO_MEMORY leaves it fit for slc_behind_clear and slc_behind_finish only. */
#ifndef SLC_REPORT_BEHIND_H
#define SLC_REPORT_BEHIND_H

#include "logic/cut.h"

/* A drop as the file has it. */
typedef struct slc_known {
    uint64_t drop_id;
    uint64_t orders;
    uint64_t cancelled;
    uint64_t contents; /* hash of all that its row says; 0: not known */
} slc_known_t;

/* A drop that the file does not have as it is. */
typedef struct slc_changed {
    slc_drop_info_t drop;
    uint64_t first;     /* sequence of its first record; 0: it has none */
    uint64_t orders;    /* of it in the file or read */
    uint64_t cancelled; /* likewise */
} slc_changed_t;

/* A drop that is there no longer, or was opened anew. */
typedef struct slc_gone {
    uint64_t drop_id;
    uint64_t until_order_id;
} slc_gone_t;

typedef enum slc_behind_answer {
    SLC_BEHIND_DONE,  /* all is read */
    SLC_BEHIND_FULL,  /* `rows` is full */
    SLC_BEHIND_AGAIN, /* what was aimed at cannot be read any more: clear, and aim at this cut */
    SLC_BEHIND_ALIEN, /* what the file has does not lie before this cut: it is of another history */
    SLC_BEHIND_NO_MEMORY,
} slc_behind_answer_t;

typedef struct slc_behind {
    /* What the file has. */
    uint64_t covered;
    uint64_t covered_digest; /* 0: not known */
    slc_known_t *known;      /* by rising drop_id */
    size_t known_count;
    size_t known_room;
    /* What is aimed at. */
    bool aimed;
    slc_snapshot_info_t aim;
    slc_known_t *next; /* `known` when that is reached */
    size_t next_count;
    slc_changed_t *changed; /* by rising drop_id */
    size_t changed_count;
    size_t changed_room;
    slc_gone_t *gone;
    size_t gone_count;
    size_t gone_room;
    size_t at;            /* in `changed`: whose records are read next */
    uint64_t at_sequence; /* of the last one that was read of it */
    /* Orders, and cancellations, which are marked as cancelled; filled and emptied. */
    slc_order_info_t *rows;
    uint32_t rows_count;
    uint32_t rows_room;
} slc_behind_t;

void slc_behind_init(slc_behind_t *behind, uint32_t rows_room);
void slc_behind_finish(slc_behind_t *behind);

/* Begins anew: the file is another one, and covers that much. */
void slc_behind_restart(slc_behind_t *behind, uint64_t covered, uint64_t covered_digest);
/* It has this drop; called by rising drop_id. */
slc_behind_answer_t slc_behind_know(slc_behind_t *behind, const slc_drop_info_t *drop);

/* DONE, ALIEN or NO_MEMORY. */
slc_behind_answer_t slc_behind_aim(slc_behind_t *behind, slc_cut_t *cut);
/* Not ahead of slc_behind_aim, and `rows` is empty. */
slc_behind_answer_t slc_behind_read(slc_behind_t *behind, slc_cut_t *cut);
/* Aims at nothing any more. */
void slc_behind_clear(slc_behind_t *behind);
/* The file has it all. */
void slc_behind_arrive(slc_behind_t *behind);

#endif
