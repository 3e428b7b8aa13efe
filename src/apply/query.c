#include "apply/query.h"

#include <inttypes.h>
#include <stdio.h>

static void list_drops(const slc_logic_t *logic, slc_command_t *command)
{
    uint64_t after = command->drop_id;
    while (command->drop_count < command->page_size &&
           slc_logic_next_drop(logic, after, &command->drops[command->drop_count])) {
        after = command->drops[command->drop_count].drop_id;
        command->drop_count++;
    }
    slc_drop_info_t beyond;
    command->next_after_drop_id = slc_logic_next_drop(logic, after, &beyond) ? after : 0;
}

static void unknown_drop(const slc_logic_t *logic, slc_command_t *command)
{
    command->status = SLC_STATUS_UNKNOWN_DROP;
    int used = snprintf(command->message, sizeof command->message, "drop %" PRIu64 " does not exist",
                        command->drop_id);
    slc_drop_info_t drop = {0};
    if (!slc_logic_next_drop(logic, 0, &drop)) {
        (void)snprintf(command->message + used, sizeof command->message - (size_t)used,
                       "; there are no drops");
        return;
    }
    const char *separator = "; there are ";
    for (int i = 0; i < 5; i++) {
        used += snprintf(command->message + used, sizeof command->message - (size_t)used, "%s%" PRIu64,
                         separator, drop.drop_id);
        separator = ", ";
        if (!slc_logic_next_drop(logic, drop.drop_id, &drop)) {
            return;
        }
    }
    (void)snprintf(command->message + used, sizeof command->message - (size_t)used, " and others");
}

static void take_snapshot(slc_handover_t *handover, slc_command_t *command)
{
    if (handover == NULL) {
        command->status = SLC_STATUS_INVALID;
        (void)snprintf(command->message, sizeof command->message, "op: this server takes no snapshots");
        return;
    }
    slc_handover_want(handover);
}

void slc_apply_query(slc_logic_t *logic, slc_handover_t *handover, slc_command_t *command)
{
    command->status = SLC_STATUS_ACCEPTED;
    command->sequence = slc_logic_sequence(logic);
    switch ((int)command->op) {
    case SLC_CONTROL_GET_DROP:
        command->has_drop = slc_logic_drop(logic, command->drop_id, &command->drop);
        if (!command->has_drop) {
            unknown_drop(logic, command);
        }
        break;
    case SLC_CONTROL_LIST_DROPS:
        list_drops(logic, command);
        break;
    case SLC_CONTROL_GET_ORDER:
        command->has_order = slc_logic_order(logic, command->order_id, &command->order);
        if (!command->has_order) {
            command->status = SLC_STATUS_INVALID;
            (void)snprintf(command->message, sizeof command->message,
                           "order_id: order %" PRIu64 " does not exist", command->order_id);
        }
        break;
    case SLC_CONTROL_GET_STATUS:
        command->has_engine = true;
        command->engine.applied_sequence = slc_logic_sequence(logic);
        command->engine.digest = slc_logic_digest(logic);
        command->engine.drops = slc_logic_drop_count(logic);
        command->engine.orders = slc_logic_order_count(logic);
        break;
    case SLC_CONTROL_TAKE_SNAPSHOT:
        take_snapshot(handover, command);
        break;
    default:
        command->status = SLC_STATUS_INVALID;
        (void)snprintf(command->message, sizeof command->message, "op: not supported by this version");
        break;
    }
}
