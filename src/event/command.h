/* An operator's request on its way through the ring, and its answer on the way back.
 * Threads: as the slot that it hangs on.
 * Ownership: created by the control session (slc_command_create), freed by the reply station
 *   (slc_command_destroy) behind the answer, or where the slot's connection is gone.
 * Failure: create answers NULL without memory. */
#ifndef SLC_EVENT_COMMAND_H
#define SLC_EVENT_COMMAND_H

#include <sluice/client.h>

typedef struct slc_command {
    uint64_t request_id;
    slc_control_op_t op;
    bool is_change;    /* journaled: `event` holds; otherwise a query */
    slc_event_t event; /* of a change, without sequence and time; its text points to `text` */
    char text[SLC_NAME_BYTES_MAX];
    uint64_t drop_id; /* of a query */
    uint64_t order_id;
    uint64_t page_size;
    /* The answer. */
    slc_status_t status;
    bool replayed;
    uint64_t sequence;
    uint64_t time_us;
    char message[256];
    bool has_drop;
    bool has_order;
    bool has_engine;
    slc_drop_info_t drop;
    slc_order_info_t order;
    slc_engine_info_t engine;
    slc_drop_info_t *drops; /* page_size of them, LIST_DROPS only; freed with the command */
    size_t drop_count;
    uint64_t next_after_drop_id;
} slc_command_t;

slc_command_t *slc_command_create(slc_control_op_t op, uint64_t page_size);
/* NULL is fine. */
void slc_command_destroy(slc_command_t *command);

#endif
