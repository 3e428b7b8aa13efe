#include "base/thread.h"

#include <criterion/criterion.h>
#include <string.h>

static void *tell_name(void *context)
{
    char *name = context;
    /* Its starter may not have named it yet when it begins: it waits until it has. */
    do {
        cr_expect_eq(pthread_getname_np(pthread_self(), name, 16), 0);
    } while (strncmp(name, "slc-", 4) != 0);
    return NULL;
}

Test(thread, runs_under_the_name_that_it_was_given)
{
    char name[16] = "";
    pthread_t thread;
    slc_error_t error;
    cr_assert_eq(slc_thread_start(&thread, "slc-0123456789a", tell_name, name, &error), SLC_OK);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_str_eq(name, "slc-0123456789a", "all of the 15 bytes that the kernel keeps");
}
