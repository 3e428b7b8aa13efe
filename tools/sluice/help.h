/* The text of sluice --help. Constant; owned by nobody. */
#ifndef SLC_TOOLS_SLUICE_HELP_H
#define SLC_TOOLS_SLUICE_HELP_H

extern const char SLUICE_HELP[];

#endif
