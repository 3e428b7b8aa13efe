#include "engine/notify.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[] = "/tmp/sluice-notify-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int manager = -1; /* what systemd would read */

static void begin(void)
{
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", dir);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(manager, 0);
    cr_assert_eq(bind(manager, (const struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
}

static void finish(void)
{
    cr_assert_eq(close(manager), 0);
    cr_assert_eq(unlink(address.sun_path), 0);
    cr_assert_eq(rmdir(dir), 0);
}

Test(notify, is_one_datagram_as_it_was_given, .init = begin, .fini = finish)
{
    char heard[64] = "";
    slc_notify("READY=1\nSTATUS=serving");
    cr_assert_eq(recv(manager, heard, sizeof heard - 1, 0), (ssize_t)strlen("READY=1\nSTATUS=serving"));
    cr_assert_str_eq(heard, "READY=1\nSTATUS=serving");
}

/* Without a bound the call would never come back: the manager never reads. */
Test(notify, a_manager_that_does_not_read_holds_nobody_up, .init = begin, .fini = finish, .timeout = 60)
{
    int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_geq(other, 0);
    while (sendto(other, "x", 1, 0, (const struct sockaddr *)&address, sizeof address) == 1) {
    }
    slc_notify("STOPPING=1");
    char heard[64];
    ssize_t got;
    while ((got = recv(manager, heard, sizeof heard, MSG_DONTWAIT)) > 0) {
        cr_assert_eq(got, 1, "only what filled it up");
    }
    cr_assert_eq(close(other), 0);
}
