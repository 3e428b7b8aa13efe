/* Two kinds of assertion, told apart by name. SLC_CHECK guards an invariant of the product and stays on
 * in every build; SLC_DEBUG_ASSERT is for what a debug build can afford and a release build cannot.
 * Threads: any. Owns nothing. Failure: prints expression and place on stderr and aborts: a broken
 * invariant means that the next write may be a wrong one. */
#ifndef SLC_BASE_CHECK_H
#define SLC_BASE_CHECK_H

_Noreturn void slc_check_failed(const char *expression, const char *file, int line);

#define SLC_CHECK(expression)                                                                            \
    do {                                                                                                 \
        if (__builtin_expect(!(expression), 0)) {                                                        \
            slc_check_failed(#expression, __FILE__, __LINE__);                                           \
        }                                                                                                \
    } while (0)

#ifdef NDEBUG
#define SLC_DEBUG_ASSERT(expression) ((void)sizeof(!(expression)))
#else
#define SLC_DEBUG_ASSERT(expression) SLC_CHECK(expression)
#endif

#endif
