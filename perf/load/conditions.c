#include "conditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static double load_average(void)
{
    double average = 0;
    return getloadavg(&average, 1) == 1 ? average : -1;
}

static void read_machine(char *out, size_t bytes)
{
    char line[256];
    (void)snprintf(out, bytes, "unknown");
    FILE *info = fopen("/proc/cpuinfo", "re");
    if (info == NULL) {
        return;
    }
    while (fgets(line, sizeof line, info) != NULL) {
        const char *colon = strstr(line, ": ");
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(out, bytes, "%.*s", (int)bytes - 1, colon + 2);
            break;
        }
    }
    (void)fclose(info);
}

static void join_flags(load_conditions_t *conditions, int argc, char **argv)
{
    size_t at = 0;
    for (int i = 1; i < argc; i++) {
        size_t room = sizeof conditions->flags - at;
        int bytes = snprintf(conditions->flags + at, room, "%s%s", i == 1 ? "" : " ", argv[i]);
        if (bytes < 0 || (size_t)bytes >= room) {
            memcpy(conditions->flags + sizeof conditions->flags - 4, "...", 4);
            return;
        }
        at += (size_t)bytes;
    }
}

void load_conditions_begin(load_conditions_t *conditions, int argc, char **argv)
{
    struct utsname name;
    struct tm utc;
    time_t now = time(NULL);
    memset(conditions, 0, sizeof *conditions);
    read_machine(conditions->machine, sizeof conditions->machine);
    (void)snprintf(conditions->kernel, sizeof conditions->kernel, "unknown");
    if (uname(&name) == 0) {
        (void)snprintf(conditions->kernel, sizeof conditions->kernel, "%s %s", name.sysname,
                       name.release);
    }
    conditions->cores = sysconf(_SC_NPROCESSORS_ONLN);
    conditions->load_before = load_average();
    if (gmtime_r(&now, &utc) != NULL) {
        (void)strftime(conditions->begun, sizeof conditions->begun, "%Y-%m-%d %H:%M:%S UTC", &utc);
    }
    join_flags(conditions, argc, argv);
}

void load_conditions_end(load_conditions_t *conditions)
{
    conditions->load_after = load_average();
}
