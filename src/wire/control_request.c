/* ControlRequest, both ways. Bounds are checked here, so that a command in the ring is always a valid
 * one. */
#include "wire/codec.h"
#include "wire/codec_inside.h"

#include <stdio.h>
#include <string.h>

#define PAGE_SIZE_DEFAULT 100u
#define BAD_NAME "name: has to be at most 64 bytes of UTF-8 without NUL"

static slc_err_t refuse(slc_command_t *command, const char *message)
{
    command->status = SLC_STATUS_INVALID;
    command->is_change = false;
    (void)snprintf(command->message, sizeof command->message, "%s", message);
    return SLC_ERR_REFUSED;
}

static slc_err_t take_drop_id(slc_command_t *command, uint64_t drop_id)
{
    command->drop_id = drop_id;
    return drop_id == 0 ? refuse(command, "drop_id: missing or 0") : SLC_OK;
}

static slc_err_t take_open_drop(slc_command_t *command, const Sluice__V1__OpenDrop *open)
{
    slc_event_t *event = &command->event;
    size_t name_bytes = strlen(open->name);
    event->kind = SLC_EVENT_DROP_OPENED;
    event->as.drop_opened.drop_id = open->drop_id;
    event->as.drop_opened.stock = open->stock;
    event->as.drop_opened.per_user_limit = open->per_user_limit;
    event->as.drop_opened.opens_at_us = open->opens_at_us;
    event->as.drop_opened.closes_at_us = open->closes_at_us;
    if (open->stock > SLC_STOCK_MAX) {
        return refuse(command, "stock: at most 1000000000000");
    }
    if (open->opens_at_us != 0 && open->closes_at_us != 0 && open->closes_at_us <= open->opens_at_us) {
        return refuse(command, "closes_at_us: has to be later than opens_at_us");
    }
    if (name_bytes > SLC_NAME_BYTES_MAX) {
        return refuse(command, BAD_NAME);
    }
    memcpy(command->text, open->name, name_bytes);
    event->as.drop_opened.name = (slc_text_t){command->text, name_bytes};
    return take_drop_id(command, open->drop_id);
}

static slc_err_t take_adjust_stock(slc_command_t *command, const Sluice__V1__AdjustStock *adjust)
{
    int64_t limit = (int64_t)SLC_STOCK_MAX;
    command->event.kind = SLC_EVENT_STOCK_ADJUSTED;
    command->event.as.stock_adjusted.drop_id = adjust->drop_id;
    command->event.as.stock_adjusted.delta = adjust->delta;
    if (adjust->delta == 0 || adjust->delta > limit || adjust->delta < -limit) {
        return refuse(command, "delta: not 0, and at most 1000000000000 either way");
    }
    return take_drop_id(command, adjust->drop_id);
}

static slc_err_t take_drop_change(slc_command_t *command, slc_event_kind_t kind, uint64_t drop_id)
{
    command->event.kind = kind;
    command->event.as.drop_closed.drop_id = drop_id; /* drop_purged has the same place */
    return take_drop_id(command, drop_id);
}

static slc_err_t take_order_id(slc_command_t *command, uint64_t order_id)
{
    command->order_id = order_id;
    command->event.kind = SLC_EVENT_ORDER_CANCELLED; /* counts for a change only */
    command->event.as.order_cancelled.order_id = order_id;
    return order_id == 0 ? refuse(command, "order_id: missing or 0") : SLC_OK;
}

static slc_err_t take_op(slc_command_t *command, const Sluice__V1__ControlRequest *request)
{
    switch (request->op_case) {
    case SLUICE__V1__CONTROL_REQUEST__OP_OPEN_DROP:
        return take_open_drop(command, request->open_drop);
    case SLUICE__V1__CONTROL_REQUEST__OP_ADJUST_STOCK:
        return take_adjust_stock(command, request->adjust_stock);
    case SLUICE__V1__CONTROL_REQUEST__OP_CLOSE_DROP:
        return take_drop_change(command, SLC_EVENT_DROP_CLOSED, request->close_drop->drop_id);
    case SLUICE__V1__CONTROL_REQUEST__OP_PURGE_DROP:
        return take_drop_change(command, SLC_EVENT_DROP_PURGED, request->purge_drop->drop_id);
    case SLUICE__V1__CONTROL_REQUEST__OP_CANCEL_ORDER:
        return take_order_id(command, request->cancel_order->order_id);
    case SLUICE__V1__CONTROL_REQUEST__OP_GET_DROP:
        return take_drop_id(command, request->get_drop->drop_id);
    case SLUICE__V1__CONTROL_REQUEST__OP_LIST_DROPS:
        command->drop_id = request->list_drops->after_drop_id;
        return SLC_OK;
    case SLUICE__V1__CONTROL_REQUEST__OP_GET_ORDER:
        return take_order_id(command, request->get_order->order_id);
    case SLUICE__V1__CONTROL_REQUEST__OP_TAKE_SNAPSHOT:
    case SLUICE__V1__CONTROL_REQUEST__OP_GET_STATUS:
        return SLC_OK;
    case SLUICE__V1__CONTROL_REQUEST__OP__NOT_SET:
    case _SLUICE__V1__CONTROL_REQUEST__OP__CASE_IS_INT_SIZE:
        break;
    }
    return refuse(command, "op: none is set, or one that this version does not know");
}

static bool is_change(slc_control_op_t op)
{
    return op >= SLC_CONTROL_OPEN_DROP && op <= SLC_CONTROL_CANCEL_ORDER;
}

slc_err_t slc_codec_decode_command(slc_codec_t *codec, const uint8_t *bytes, size_t count,
                                   slc_command_t **ret_command)
{
    const Sluice__V1__ControlRequest *request =
        slc_codec_unpack(codec, &sluice__v1__control_request__descriptor, bytes, count);
    const slc_codec_strings_t strings =
        slc_codec_strings(&sluice__v1__control_request__descriptor, bytes, count);
    *ret_command = NULL;
    if (request == NULL || strings == SLC_STRINGS_NO_MESSAGE) {
        return SLC_ERR_PROTOCOL;
    }
    slc_control_op_t op = (slc_control_op_t)request->op_case;
    uint64_t page_size = op == SLC_CONTROL_LIST_DROPS ? request->list_drops->page_size : 0;
    page_size = page_size == 0 ? PAGE_SIZE_DEFAULT : page_size;
    bool page_too_long = page_size > SLC_DROPS_PAGE_MAX;
    slc_command_t *command = slc_command_create(op, page_too_long ? PAGE_SIZE_DEFAULT : page_size);
    if (command == NULL) {
        return SLC_ERR_NO_MEMORY;
    }
    *ret_command = command;
    command->request_id = request->request_id;
    command->is_change = is_change(op);
    command->event.op_key = request->op_key;
    if (page_too_long) {
        return refuse(command, "page_size: at most 500");
    }
    if (strings == SLC_STRINGS_BAD) {
        return refuse(command, BAD_NAME); /* no other field of a request is text */
    }
    return take_op(command, request);
}

/* The message of one op, as the oneof points to it. */
typedef union op {
    Sluice__V1__OpenDrop open_drop;
    Sluice__V1__AdjustStock adjust_stock;
    Sluice__V1__CloseDrop close_drop;
    Sluice__V1__PurgeDrop purge_drop;
    Sluice__V1__CancelOrder cancel_order;
    Sluice__V1__GetDrop get_drop;
    Sluice__V1__ListDrops list_drops;
    Sluice__V1__GetOrder get_order;
    Sluice__V1__TakeSnapshot take_snapshot;
    Sluice__V1__GetStatus get_status;
} op_t;

static void put_open_drop(Sluice__V1__OpenDrop *open, const slc_control_request_t *request, char *name)
{
    sluice__v1__open_drop__init(open);
    open->drop_id = request->drop_id;
    open->stock = request->stock;
    open->per_user_limit = request->per_user_limit;
    open->opens_at_us = request->opens_at_us;
    open->closes_at_us = request->closes_at_us;
    open->name = name;
}

static void put_op_on_drop(Sluice__V1__ControlRequest *message, op_t *op,
                           const slc_control_request_t *request)
{
    if (request->op == SLC_CONTROL_ADJUST_STOCK) {
        sluice__v1__adjust_stock__init(&op->adjust_stock);
        op->adjust_stock.drop_id = request->drop_id;
        op->adjust_stock.delta = request->delta;
        message->adjust_stock = &op->adjust_stock;
    } else if (request->op == SLC_CONTROL_CLOSE_DROP) {
        sluice__v1__close_drop__init(&op->close_drop);
        op->close_drop.drop_id = request->drop_id;
        message->close_drop = &op->close_drop;
    } else if (request->op == SLC_CONTROL_PURGE_DROP) {
        sluice__v1__purge_drop__init(&op->purge_drop);
        op->purge_drop.drop_id = request->drop_id;
        message->purge_drop = &op->purge_drop;
    } else if (request->op == SLC_CONTROL_GET_DROP) {
        sluice__v1__get_drop__init(&op->get_drop);
        op->get_drop.drop_id = request->drop_id;
        message->get_drop = &op->get_drop;
    } else {
        sluice__v1__list_drops__init(&op->list_drops);
        op->list_drops.after_drop_id = request->drop_id;
        op->list_drops.page_size = request->page_size;
        message->list_drops = &op->list_drops;
    }
}

static void put_op(Sluice__V1__ControlRequest *message, op_t *op, const slc_control_request_t *request,
                   char *name)
{
    switch (request->op) {
    case SLC_CONTROL_OPEN_DROP:
        put_open_drop(&op->open_drop, request, name);
        message->open_drop = &op->open_drop;
        break;
    case SLC_CONTROL_ADJUST_STOCK:
    case SLC_CONTROL_CLOSE_DROP:
    case SLC_CONTROL_PURGE_DROP:
    case SLC_CONTROL_GET_DROP:
    case SLC_CONTROL_LIST_DROPS:
        put_op_on_drop(message, op, request);
        break;
    case SLC_CONTROL_CANCEL_ORDER:
        sluice__v1__cancel_order__init(&op->cancel_order);
        op->cancel_order.order_id = request->order_id;
        message->cancel_order = &op->cancel_order;
        break;
    case SLC_CONTROL_GET_ORDER:
        sluice__v1__get_order__init(&op->get_order);
        op->get_order.order_id = request->order_id;
        message->get_order = &op->get_order;
        break;
    case SLC_CONTROL_TAKE_SNAPSHOT:
        sluice__v1__take_snapshot__init(&op->take_snapshot);
        message->take_snapshot = &op->take_snapshot;
        break;
    case SLC_CONTROL_GET_STATUS:
        sluice__v1__get_status__init(&op->get_status);
        message->get_status = &op->get_status;
        break;
    }
}

size_t slc_codec_encode_control_request(uint64_t request_id, const slc_control_request_t *request,
                                        uint8_t *out, size_t capacity)
{
    char name[SLC_NAME_BYTES_MAX * 2 + 1]; /* what is too long reaches the server, which says so */
    slc_text_t text = {request->name, request->name == NULL ? 0 : strlen(request->name)};
    Sluice__V1__ControlRequest message;
    op_t op;
    sluice__v1__control_request__init(&message);
    message.request_id = request_id;
    message.op_key = request->op_key;
    message.op_case = (Sluice__V1__ControlRequest__OpCase)request->op;
    put_op(&message, &op, request, slc_codec_string(text, name, sizeof name - 1));
    return slc_codec_pack_frame(&message.base, out, capacity);
}
