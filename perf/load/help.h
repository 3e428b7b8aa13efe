/* The text of load --help. Constant; owned by nobody. */
#ifndef SLC_PERF_LOAD_HELP_H
#define SLC_PERF_LOAD_HELP_H

/* In parts: C11 promises no longer literals. */
extern const char LOAD_HELP[];
extern const char LOAD_HELP_TROUBLE[];
extern const char LOAD_HELP_RESULTS[];

#endif
