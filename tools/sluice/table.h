/* The one table of what sluice understands: commands, options, and which go together. The command line is
 * read by it; help, manual page and completion are made from it.
 * Constant; owned by nobody. */
#ifndef SLC_TOOLS_SLUICE_TABLE_H
#define SLC_TOOLS_SLUICE_TABLE_H

#include <sluice/client.h>

#include <stddef.h>

typedef enum sluice_option_id {
    SLUICE_OPT_CONTROL,
    SLUICE_OPT_DATA_DIR,
    SLUICE_OPT_JSON,
    SLUICE_OPT_TIMEOUT,
    SLUICE_OPT_OP_KEY,
    SLUICE_OPT_STOCK,
    SLUICE_OPT_PER_USER,
    SLUICE_OPT_OPENS_AT,
    SLUICE_OPT_CLOSES_AT,
    SLUICE_OPT_NAME,
    SLUICE_OPT_BY,
    SLUICE_OPT_DELTA,
    SLUICE_OPT_NO_WAIT,
    SLUICE_OPT_INTERVAL,
    SLUICE_OPT_FRAMES,
    SLUICE_OPT_ONCE,
    SLUICE_OPT_HELP,
    SLUICE_OPT_VERSION,
    SLUICE_OPT_COUNT,
} sluice_option_id_t;

typedef struct sluice_option {
    const char *name;     /* without its dashes */
    const char *argument; /* its place holder; NULL: it has no value */
    const char *help;     /* one sentence */
} sluice_option_t;

extern const sluice_option_t sluice_options[SLUICE_OPT_COUNT];

typedef enum sluice_action {
    SLUICE_ACT_CALL, /* one request, one answer */
    SLUICE_ACT_LIST,
    SLUICE_ACT_SNAPSHOT,
    SLUICE_ACT_WATCH,
} sluice_action_t;

typedef enum sluice_operand {
    SLUICE_NO_OPERAND,
    SLUICE_DROP_ID,
    SLUICE_DROP_ID_AND_DELTA,
    SLUICE_ORDER_ID,
} sluice_operand_t;

typedef struct sluice_verb {
    const char *words[2]; /* the second is NULL for a single word */
    sluice_action_t action;
    slc_control_op_t op; /* of the request; of WATCH the one that it repeats */
    sluice_operand_t operand;
    unsigned options;      /* that go with it: 1 << sluice_option_id_t */
    const char *arguments; /* behind the words, for people; "" for none */
    const char *help;      /* one sentence */
} sluice_verb_t;

extern const sluice_verb_t sluice_verbs[];
extern const size_t sluice_verb_count;

#define SLUICE_OPTION_BIT(option) (1u << (option))
/* Options of every command. */
extern const unsigned sluice_common_options;

#endif
