/* What each command of replay says to --help.
 * Threads: constants. Ownership: static. Failure: none. */
#ifndef REPLAY_HELP_H
#define REPLAY_HELP_H

extern const char replay_verify_help[];
extern const char replay_dump_help[];
extern const char replay_state_help[];
extern const char replay_audit_help[];
extern const char replay_explain_help[];
extern const char replay_export_help[];
extern const char replay_compact_help[];

#endif
