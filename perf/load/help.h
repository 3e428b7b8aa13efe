/* The text of load --help. Constant; owned by nobody. */
#ifndef SLC_PERF_LOAD_HELP_H
#define SLC_PERF_LOAD_HELP_H

extern const char LOAD_HELP[];

#endif
