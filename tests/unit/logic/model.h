/* The rules once more, the slow way: arrays and linear search, written from logic.h and digest.h and
 * sharing nothing with src/logic. */
#ifndef SLC_TEST_LOGIC_MODEL_H
#define SLC_TEST_LOGIC_MODEL_H

#include "logic/logic.h"

typedef struct model_op {
    uint64_t op_key;
    uint64_t drop_id;
    uint64_t contents;
    uint64_t sequence;
    uint64_t time_us;
    slc_event_kind_t kind;
} model_op_t;

#define MODEL_DROPS_MAX 64
#define MODEL_ORDERS_MAX 65536
#define MODEL_OPS_MAX 65536

typedef struct model {
    slc_drop_info_t drops[MODEL_DROPS_MAX];
    size_t drop_count;
    slc_order_info_t orders[MODEL_ORDERS_MAX];
    size_t order_count;
    model_op_t ops[MODEL_OPS_MAX];
    size_t op_count;
    uint64_t sequence;
    uint64_t time_us;
} model_t;

/* Judges an ORDER_PLACED; `apply`: and takes it. */
slc_answer_t model_buy(model_t *model, const slc_event_t *event, bool apply);
/* Applies any event. */
slc_answer_t model_apply(model_t *model, const slc_event_t *event);
uint64_t model_digest(const model_t *model);
slc_drop_info_t *model_drop(model_t *model, uint64_t drop_id);

#endif
