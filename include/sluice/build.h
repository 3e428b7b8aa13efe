/* Which build this is. Threads: any. Ownership: static text. Failure: none. */
#ifndef SLUICE_BUILD_H
#define SLUICE_BUILD_H

#ifdef __cplusplus
extern "C" {
#endif

/* The version, "0.1.0". */
const char *slc_build_version(void);
/* The commit that it was built from, 12 hexadecimal digits; with "-dirty" behind them where a file that
 * is under version control had been changed, "unknown" where there was no git to ask (a tarball). */
const char *slc_build_commit(void);

#ifdef __cplusplus
}
#endif

#endif
