#include "setup.h"
#include "../../tools/common/called.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* Standard streams, a ledger, the control socket, an epoll for each thread, the resolver's. */
#define OTHERS 128u

bool load_setup_resolve(const char *connect, struct sockaddr_storage *ret_address,
                        socklen_t *ret_address_bytes)
{
    char host[256];
    const char *colon = strrchr(connect, ':');
    if (colon == NULL || colon == connect || (size_t)(colon - connect) >= sizeof host) {
        called_say("load", "load: --connect %s: needs HOST:PORT\n", connect);
        return false;
    }
    bool bracketed = connect[0] == '[' && colon[-1] == ']';
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - connect) - (bracketed ? 2 : 0),
                   connect + (bracketed ? 1 : 0));
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, colon + 1, &hints, &found);
    if (failure != 0) {
        called_say("load", "load: cannot find %s: %s\n", connect, gai_strerror(failure));
        return false;
    }
    memcpy(ret_address, found->ai_addr, found->ai_addrlen);
    *ret_address_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool load_setup_descriptors(uint64_t connections)
{
    struct rlimit files;
    rlim_t needed = connections + OTHERS;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= needed) {
        return true; /* where the limit is unknown, a socket that cannot be made will say so */
    }
    /* Above the hard limit only who may (root) gets it. */
    struct rlimit wanted = {.rlim_cur = needed,
                            .rlim_max = files.rlim_max < needed ? needed : files.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &wanted) != 0) {
        called_say(
            "load",
            "load: %llu connections need %llu descriptors and the limit is %llu: raise it (ulimit -Hn "
            "%llu), or ask for fewer\n",
            (unsigned long long)connections, (unsigned long long)needed,
            (unsigned long long)files.rlim_max, (unsigned long long)needed);
        return false;
    }
    return true;
}
