/* Listening sockets: names that are taken, removed or nobody's, and a process without descriptors left.
 */
#include "session/listener.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static slc_listener_t listener;
static slc_error_t error;
static char dir[64];
static char path[128];

static void begin(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/sluice-listener-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/control.sock", dir);
}

static void finish(void)
{
    (void)unlink(path);
    cr_assert_eq(rmdir(dir), 0);
}

static int connect_unix(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int accepted_one(void)
{
    int fd = -1;
    struct pollfd ready = {.fd = listener.fd, .events = POLLIN};
    cr_assert_eq(poll(&ready, 1, -1), 1);
    cr_assert_eq(slc_listener_accept(&listener, &fd), SLC_ACCEPTED_ONE);
    cr_assert((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    cr_assert((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    return fd;
}

Test(listener, port_0_becomes_the_one_that_the_kernel_chose)
{
    int fd;
    cr_assert_eq(slc_listener_init_tcp(&listener, "127.0.0.1", 0, &error), SLC_OK, "%s", error.message);
    cr_assert_eq(strncmp(listener.name, "127.0.0.1:", 10), 0);
    cr_assert_gt(strtoul(listener.name + 10, NULL, 10), 0);
    cr_assert_eq(slc_listener_accept(&listener, &fd), SLC_ACCEPTED_NONE);
    slc_listener_finish(&listener);
}

Test(listener, an_address_of_version_6_keeps_its_brackets)
{
    slc_err_t err = slc_listener_init_tcp(&listener, "::1", 0, &error);
    if (err != SLC_OK) { /* a machine without it says so, with its errno */
        cr_assert_neq(error.sys_errno, 0, "%s", error.message);
        return;
    }
    cr_assert_eq(strncmp(listener.name, "[::1]:", 6), 0, "%s", listener.name);
    slc_listener_finish(&listener);
}

Test(listener, a_port_that_is_taken_and_a_host_that_is_none_are_named)
{
    slc_listener_t second;
    cr_assert_eq(slc_listener_init_tcp(&listener, "127.0.0.1", 0, &error), SLC_OK);
    uint16_t port = (uint16_t)strtoul(strrchr(listener.name, ':') + 1, NULL, 10);
    cr_assert_eq(slc_listener_init_tcp(&second, "127.0.0.1", port, &error), SLC_ERR_IO);
    cr_assert_eq(error.sys_errno, EADDRINUSE);
    cr_assert_not_null(strstr(error.message, "127.0.0.1"), "%s", error.message);
    slc_listener_finish(&listener);
    cr_assert_neq(slc_listener_init_tcp(&second, "no.such.host.invalid", 0, &error), SLC_OK);
    cr_assert_not_null(strstr(error.message, "no.such.host.invalid"), "%s", error.message);
}

Test(listener, an_operators_socket_is_for_its_owner_only_and_leaves_no_name, .init = begin,
     .fini = finish)
{
    struct stat status;
    cr_assert_eq(slc_listener_init_unix(&listener, path, &error), SLC_OK, "%s", error.message);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    int peer = connect_unix();
    cr_assert_eq(close(accepted_one()), 0);
    cr_assert_eq(close(peer), 0);
    slc_listener_finish(&listener);
    cr_assert_neq(access(path, F_OK), 0);
}

Test(listener, what_a_dead_server_left_is_replaced_and_what_is_no_socket_is_not, .init = begin,
     .fini = finish)
{
    slc_listener_t fresh;
    cr_assert_eq(slc_listener_init_unix(&listener, path, &error), SLC_OK, "%s", error.message);
    cr_assert_eq(close(listener.fd), 0); /* as a killed process leaves it: the name stays */
    cr_assert_eq(slc_listener_init_unix(&fresh, path, &error), SLC_OK, "%s", error.message);
    slc_listener_finish(&fresh);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, "mine", 4), 4);
    cr_assert_eq(close(file), 0);
    cr_assert_neq(slc_listener_init_unix(&fresh, path, &error), SLC_OK);
    cr_assert_not_null(strstr(error.message, path), "%s", error.message);
    struct stat status;
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_size, 4, "nobody's file is lost");
}

Test(listener, a_socket_whose_name_is_gone_or_anothers_is_lost_and_takes_no_name_away, .init = begin,
     .fini = finish)
{
    slc_listener_t other;
    cr_assert_eq(slc_listener_init_unix(&listener, path, &error), SLC_OK, "%s", error.message);
    cr_assert_not(slc_listener_is_lost(&listener));
    cr_assert_eq(unlink(path), 0);
    cr_assert(slc_listener_is_lost(&listener));
    cr_assert_eq(slc_listener_init_unix(&other, path, &error), SLC_OK, "%s", error.message);
    cr_assert(slc_listener_is_lost(&listener));
    slc_listener_finish(&listener);
    cr_assert_eq(access(path, F_OK), 0, "the name is the other's");
    slc_listener_finish(&other);
}

Test(listener, without_descriptors_a_peer_is_still_taken_to_be_told_no, .init = begin, .fini = finish)
{
    int fd = -1;
    cr_assert_eq(slc_listener_init_unix(&listener, path, &error), SLC_OK, "%s", error.message);
    int first = connect_unix();
    int second = connect_unix();
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {.rlim_cur = (rlim_t)second + 1, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    cr_expect_eq(slc_listener_accept(&listener, &fd), SLC_ACCEPTED_EXHAUSTED);
    cr_expect_geq(fd, 0);
    (void)close(fd); /* told no */
    slc_listener_recover(&listener);
    fd = -1;
    cr_expect_eq(slc_listener_accept(&listener, &fd), SLC_ACCEPTED_EXHAUSTED,
                 "the reserve is there again");
    (void)close(fd);
    slc_listener_recover(&listener);
    cr_expect_eq(slc_listener_accept(&listener, &fd), SLC_ACCEPTED_NONE);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(close(first), 0);
    cr_assert_eq(close(second), 0);
    slc_listener_finish(&listener);
}
