/* The POSIX table of sockets, on a pair of them. */
#include "sys/net.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const slc_net_t *net;
static int pair[2];

static void setup(void)
{
    net = slc_net_posix();
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0); /* blocking: the table must not care */
}

static void teardown(void)
{
    (void)close(pair[0]);
    (void)close(pair[1]);
}

TestSuite(net, .init = setup, .fini = teardown);

Test(net, carries_bytes_and_tells_the_end)
{
    char bytes[8] = "";
    cr_assert(net->send(net->self, pair[0], "hello", 5) == 5);
    cr_assert(net->shutdown(net->self, pair[0]) == 0);
    cr_assert(net->recv(net->self, pair[1], bytes, sizeof bytes) == 5);
    cr_assert(strcmp(bytes, "hello") == 0);
    cr_assert(net->recv(net->self, pair[1], bytes, sizeof bytes) == 0);
}

Test(net, never_waits)
{
    char bytes[4096] = "";
    cr_assert(net->recv(net->self, pair[1], bytes, sizeof bytes) == -EAGAIN);
    ssize_t put = 1;
    while (put > 0) {
        put = net->send(net->self, pair[0], bytes, sizeof bytes);
    }
    cr_assert(put == -EAGAIN);
}

Test(net, a_peer_that_is_gone_is_an_error_and_no_signal)
{
    int fd = dup(pair[1]);
    cr_assert(fd >= 0 && close(fd) == 0);
    cr_assert(net->close(net->self, pair[1]) == 0);
    cr_assert(net->send(net->self, pair[0], "x", 1) == -EPIPE);
    cr_assert(net->close(net->self, fd) == -EBADF);
    pair[1] = dup(pair[0]);
}
