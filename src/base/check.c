#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void slc_check_failed(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "sluice: broken invariant at %s:%d: %s\n", file, line, expression);
    abort();
}
