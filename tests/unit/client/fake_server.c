#include "fake_server.h"

#include "wire/codec.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *serve(void *context)
{
    fake_t *fake = context;
    for (int i = 0; i < fake->connections; i++) {
        int fd = accept(fake->listen_fd, NULL, NULL);
        cr_assert(fd >= 0);
        fake->script(fake, fd);
        (void)close(fd);
    }
    return NULL;
}

static void begin(fake_t *fake, fake_script_t script, int connections)
{
    fake->script = script;
    fake->connections = connections;
    cr_assert(listen(fake->listen_fd, 8) == 0);
    cr_assert(sem_init(&fake->go, 0, 0) == 0);
    cr_assert(pthread_create(&fake->thread, NULL, serve, fake) == 0);
}

void fake_begin_tcp(fake_t *fake, fake_script_t script)
{
    memset(fake, 0, sizeof *fake);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    fake->listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(fake->listen_fd, (struct sockaddr *)&address, sizeof address) == 0);
    cr_assert(getsockname(fake->listen_fd, (struct sockaddr *)&address, &bytes) == 0);
    (void)snprintf(fake->address, sizeof fake->address, "127.0.0.1:%u", ntohs(address.sin_port));
    begin(fake, script, 1);
}

void fake_begin_unix(fake_t *fake, fake_script_t script, int connections)
{
    memset(fake, 0, sizeof *fake);
    char folder[] = "/tmp/slc-client-XXXXXX";
    cr_assert(mkdtemp(folder) != NULL);
    (void)snprintf(fake->address, sizeof fake->address, "%s/control.sock", folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, fake->address, strlen(fake->address) + 1);
    fake->listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert(bind(fake->listen_fd, (struct sockaddr *)&address, sizeof address) == 0);
    begin(fake, script, connections);
}

void fake_end(fake_t *fake)
{
    cr_assert(pthread_join(fake->thread, NULL) == 0);
    (void)close(fake->listen_fd);
    (void)sem_destroy(&fake->go);
    if (fake->address[0] == '/') {
        (void)unlink(fake->address);
        *strrchr(fake->address, '/') = '\0';
        (void)rmdir(fake->address);
    }
}

static int read_byte(int fd, uint8_t *ret_byte)
{
    ssize_t count = recv(fd, ret_byte, 1, 0);
    return count == 1 ? 0 : -1;
}

ssize_t fake_read(int fd, uint8_t *body, size_t capacity)
{
    size_t length = 0;
    uint8_t byte = 0x80;
    for (unsigned shift = 0; (byte & 0x80) != 0; shift += 7) {
        if (read_byte(fd, &byte) != 0) {
            return -1;
        }
        length |= (size_t)(byte & 0x7f) << shift;
    }
    cr_assert(length <= capacity);
    for (size_t i = 0; i < length; i++) {
        if (read_byte(fd, &body[i]) != 0) {
            return -1;
        }
    }
    return (ssize_t)length;
}

void fake_write(int fd, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    while (count > 0) {
        ssize_t done = send(fd, at, count, MSG_NOSIGNAL);
        if (done < 0) {
            return; /* the client went away; its own assertions say whether it should have */
        }
        at += done;
        count -= (size_t)done;
    }
}

void fake_welcome(int fd, uint32_t max_in_flight)
{
    uint8_t bytes[512];
    cr_assert(fake_read(fd, bytes, sizeof bytes) > 0);
    slc_welcome_t welcome = {.status = SLC_STATUS_ACCEPTED,
                             .max_in_flight = max_in_flight,
                             .max_frame_bytes = 1024,
                             .message = {.data = "", .bytes = 0},
                             .leader = {.data = "", .bytes = 0},
                             .version = {.data = "fake", .bytes = 4}};
    size_t count = slc_codec_encode_welcome(&welcome, bytes, sizeof bytes);
    cr_assert(count > 0);
    fake_write(fd, bytes, count);
}
