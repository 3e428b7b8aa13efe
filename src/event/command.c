#include "event/command.h"

#include <stdlib.h>

slc_command_t *slc_command_create(slc_control_op_t op, uint64_t page_size)
{
    slc_command_t *command = calloc(1, sizeof *command);
    if (command == NULL) {
        return NULL;
    }
    command->op = op;
    command->page_size = page_size;
    if (op == SLC_CONTROL_LIST_DROPS) {
        command->drops = calloc(page_size, sizeof *command->drops);
        if (command->drops == NULL) {
            free(command);
            return NULL;
        }
    }
    return command;
}

void slc_command_destroy(slc_command_t *command)
{
    if (command != NULL) {
        free(command->drops);
        free(command);
    }
}
