/* A server that says what a test wants it to say: one thread, one connection after the other.
 * Threads: fake_begin starts it, fake_end waits for it; the script runs on it.
 * Ownership: the test's memory; descriptors are closed by fake_end and behind the script.
 * Failure: cr_assert. */
#ifndef SLC_TESTS_UNIT_CLIENT_FAKE_SERVER_H
#define SLC_TESTS_UNIT_CLIENT_FAKE_SERVER_H

#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct fake fake_t;
typedef void (*fake_script_t)(fake_t *fake, int fd);

struct fake {
    fake_script_t script; /* one run for each connection */
    int connections;      /* that are taken before the thread ends */
    char address[108];    /* what to connect to: HOST:PORT or a path */
    sem_t go;             /* for scripts that wait for the test */
    char seen[4][300];    /* for scripts that tell the test */
    uint64_t numbers[4];
    int listen_fd;
    pthread_t thread;
};

void fake_begin_tcp(fake_t *fake, fake_script_t script);
void fake_begin_unix(fake_t *fake, fake_script_t script, int connections);
void fake_end(fake_t *fake);

/* Reads one whole frame and answers its body's length; -1: the peer closed. */
ssize_t fake_read(int fd, uint8_t *body, size_t capacity);
void fake_write(int fd, const void *bytes, size_t count);
/* Takes Hello and answers a Welcome that allows `max_in_flight`. */
void fake_welcome(int fd, uint32_t max_in_flight);

#endif
