#include "../../../tools/sluice/trouble.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static slc_control_reply_t g_reply; /* with its page of drops it is no guest for the stack */

static void expect_refused(slc_control_op_t op, slc_status_t status, const char *message,
                           const slc_drop_info_t *drops, size_t count, const char *sentence)
{
    sluice_command_t command = {.request = {.op = op, .drop_id = 7}};
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    g_reply = (slc_control_reply_t){.status = status};
    (void)snprintf(g_reply.message, sizeof g_reply.message, "%s", message);
    sluice_trouble_refused(&command, &g_reply, drops, count, out);
    cr_assert(fclose(out) == 0);
    cr_assert_str_eq(text, sentence);
    free(text);
}

Test(sluice_trouble, of_an_unknown_drop_it_says_which_there_are)
{
    const slc_drop_info_t drops[] = {{.drop_id = 1}, {.drop_id = 2}, {.drop_id = 3, .closed = true}};
    expect_refused(SLC_CONTROL_GET_DROP, SLC_STATUS_UNKNOWN_DROP, "unknown", drops, 3,
                   "sluice: drop 7 does not exist; open are 1, 2; closed are 3 (STATUS_UNKNOWN_DROP)\n");
    expect_refused(SLC_CONTROL_GET_DROP, SLC_STATUS_UNKNOWN_DROP, "unknown", drops, 0,
                   "sluice: drop 7 does not exist; there is none yet: sluice drop open 7 --stock N "
                   "(STATUS_UNKNOWN_DROP)\n");
    expect_refused(SLC_CONTROL_GET_DROP, SLC_STATUS_UNKNOWN_DROP, "no drop 7", NULL, 0,
                   "sluice: no drop 7 (STATUS_UNKNOWN_DROP)\n");
}

Test(sluice_trouble, a_refusal_says_what_to_do)
{
    expect_refused(SLC_CONTROL_CLOSE_DROP, SLC_STATUS_OVERLOADED, "", NULL, 0,
                   "sluice: the server refused; nothing was recorded; try again (STATUS_OVERLOADED)\n");
    expect_refused(SLC_CONTROL_ADJUST_STOCK, SLC_STATUS_CONFLICT, "below what is sold", NULL, 0,
                   "sluice: below what is sold; sluice drop show says what is sold (STATUS_CONFLICT)\n");
    expect_refused(SLC_CONTROL_OPEN_DROP, SLC_STATUS_READ_ONLY, "full", NULL, 0,
                   "sluice: full; make room on the server's disk; sluice status says what it waits for "
                   "(STATUS_READ_ONLY)\n");
}

static char *failed(bool is_change, slc_err_t code, bool was_sent)
{
    sluice_command_t command = {.is_change = is_change, .request = {.op_key = 0xabc}};
    slc_error_t error = {.code = code, .message = "it broke"};
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    sluice_trouble_failed(&command, &error, was_sent, out);
    cr_assert(fclose(out) == 0);
    return text;
}

Test(sluice_trouble, only_a_change_that_was_sent_is_to_be_asked_again_with_its_key)
{
    char *text = failed(true, SLC_ERR_IO, true);
    cr_assert(strstr(text, "--op-key 0000000000000abc, and it happens once\n") != NULL, "%s", text);
    free(text);
    text = failed(true, SLC_ERR_IO, false);
    cr_assert_str_eq(text, "sluice: it broke\n");
    free(text);
    text = failed(false, SLC_ERR_IO, true);
    cr_assert_str_eq(text, "sluice: it broke\n");
    free(text);
    text = failed(false, SLC_ERR_TIMEOUT, true);
    cr_assert(strstr(text, "--timeout SECONDS waits longer\n") != NULL, "%s", text);
    free(text);
}
