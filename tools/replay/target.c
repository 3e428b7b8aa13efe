#include "target.h"

#include "../common/called.h"
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 1000

static char interrupted[4096]; /* what a signal removes; empty: nothing */

/* ---- where it may stand ---- */

/* The folder that `path` stands in, open; -1 and errno. */
static int open_parent(const char *path)
{
    char *parent = strdup(path);
    if (parent == NULL) {
        return -1;
    }
    char *slash = strrchr(parent, '/');
    if (slash != NULL) {
        slash[slash == parent ? 1 : 0] = '\0';
    }
    int fd = open(slash == NULL ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = errno;
    free(parent);
    errno = failed;
    return fd;
}

/* Climbs from the open folder to the root, and looks whether the way leads through `outer`. */
static bool leads_through(int fd, const struct stat *outer)
{
    struct stat here;
    struct stat above;
    bool found = false;
    int at = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; at >= 0 && !found && i < DEPTH_MAX; i++) {
        if (fstat(at, &here) != 0) {
            break;
        }
        found = here.st_dev == outer->st_dev && here.st_ino == outer->st_ino;
        int next = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool is_root = next >= 0 && fstat(next, &above) == 0 && above.st_dev == here.st_dev &&
                       above.st_ino == here.st_ino;
        (void)close(at);
        at = next;
        if (is_root) {
            break;
        }
    }
    if (at >= 0) {
        (void)close(at);
    }
    return found;
}

static int check_place(const char *data_dir, const char *path, bool force)
{
    struct stat outer;
    struct stat there;
    int parent = open_parent(path);
    if (parent < 0) {
        called_say("replay", "replay export: cannot write %s: %s; make its folder first\n", path,
                   strerror(errno));
        return REPLAY_IO;
    }
    bool is_inside = stat(data_dir, &outer) == 0 && leads_through(parent, &outer);
    (void)close(parent);
    if (is_inside) {
        called_say("replay", "replay export: %s stands within %s, which is only read; choose another\n",
                   path, data_dir);
        return REPLAY_USAGE;
    }
    if (lstat(path, &there) != 0) {
        return REPLAY_DONE;
    }
    if (!force || !S_ISREG(there.st_mode)) {
        called_say("replay", "replay export: %s %s\n", path,
                   S_ISREG(there.st_mode) ? "exists; say --force to replace it, or name another file"
                                          : "exists and is no ordinary file; name another");
        return REPLAY_USAGE;
    }
    return REPLAY_DONE;
}

/* ---- a signal ---- */

static void on_signal(int number)
{
    (void)unlink(interrupted);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void watch_signals(const char *temporary)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    (void)snprintf(interrupted, sizeof interrupted, "%s", temporary);
    struct sigaction action = {.sa_handler = temporary[0] != '\0' ? on_signal : SIG_DFL};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void)sigaction(numbers[i], &action, NULL); /* cannot fail for these */
    }
}

/* ---- begin, commit, abandon ---- */

static int cannot(const char *what, const char *path)
{
    called_say("replay", "replay export: cannot %s %s: %s\n", what, path, strerror(errno));
    return REPLAY_IO;
}

int replay_target_begin(replay_target_t *target, const char *data_dir, const char *path, bool force,
                        bool with_stream)
{
    *target = (replay_target_t){.path = path, .force = force};
    if (strcmp(path, "-") == 0 && with_stream) {
        target->stream = stdout;
        return REPLAY_DONE;
    }
    int code = check_place(data_dir, path, force);
    if (code != REPLAY_DONE) {
        return code;
    }
    size_t room = strlen(path) + 32;
    target->temporary = malloc(room);
    if (target->temporary == NULL || room > sizeof interrupted) {
        errno = target->temporary == NULL ? ENOMEM : ENAMETOOLONG;
        replay_target_abandon(target);
        return cannot("write", path);
    }
    (void)snprintf(target->temporary, room, "%s.part-%ld", path, (long)getpid());
    int fd = open(target->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        code = cannot("write", target->temporary);
        free(target->temporary);
        target->temporary = NULL;
        return code;
    }
    watch_signals(target->temporary);
    if (!with_stream) {
        (void)close(fd); /* nothing was written */
        return REPLAY_DONE;
    }
    target->stream = fdopen(fd, "w");
    if (target->stream == NULL) {
        code = cannot("write", path);
        (void)close(fd);
        replay_target_abandon(target);
    }
    return code;
}

/* Both the bytes and the name, so that who hears "done" can pull the plug. */
static bool sync_file(const char *path, int flags, uint64_t *ret_bytes)
{
    struct stat status = {0};
    int fd = open(path, flags | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0 && fstat(fd, &status) == 0;
    int failed = errno;
    if (fd >= 0) {
        (void)close(fd); /* synced */
    }
    errno = failed;
    *ret_bytes = (uint64_t)status.st_size;
    return good;
}

static bool give_name(const replay_target_t *target)
{
    if (target->force) {
        return rename(target->temporary, target->path) == 0;
    }
    if (renameat2(AT_FDCWD, target->temporary, AT_FDCWD, target->path, RENAME_NOREPLACE) == 0) {
        return true;
    }
    /* A file system that has no such rename. */
    return errno == EINVAL && link(target->temporary, target->path) == 0 &&
           unlink(target->temporary) == 0;
}

int replay_target_commit(replay_target_t *target)
{
    if (target->temporary == NULL) {
        return replay_flush(REPLAY_DONE);
    }
    FILE *stream = target->stream;
    target->stream = NULL;
    errno = 0;
    bool good = stream == NULL || (fflush(stream) == 0 && !ferror(stream));
    good = (stream == NULL || fclose(stream) == 0) && good;
    if (!good || !sync_file(target->temporary, O_RDONLY, &target->bytes) || !give_name(target)) {
        int code = cannot("write", target->path);
        replay_target_abandon(target);
        return code;
    }
    int parent = open_parent(target->path);
    if (parent < 0 || fsync(parent) != 0) {
        (void)cannot("make durable", target->path);
    }
    if (parent >= 0) {
        (void)close(parent);
    }
    watch_signals("");
    free(target->temporary);
    target->temporary = NULL;
    return REPLAY_DONE;
}

void replay_target_abandon(replay_target_t *target)
{
    if (target->stream != NULL && target->temporary != NULL) {
        (void)fclose(target->stream); /* nobody wants it any more */
    }
    target->stream = NULL;
    if (target->temporary != NULL) {
        (void)unlink(target->temporary);
        watch_signals("");
    }
    free(target->temporary);
    target->temporary = NULL;
}
