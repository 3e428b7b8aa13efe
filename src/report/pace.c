#include "report/pace.h"

#define SECOND_NS UINT64_C(1000000000)

uint64_t slc_pace_rest_ns(slc_pace_t *pace, uint64_t worked_ns, uint64_t now_ns, uint64_t passed)
{
    uint64_t spent_ns = now_ns - pace->looked_ns;
    uint64_t asked = passed - pace->passed;
    pace->looked_ns = now_ns;
    pace->passed = passed;
    /* As real numbers: years without a look must not make a product that wraps. */
    if ((double)asked * (double)SECOND_NS < (double)spent_ns * SLC_PACE_MUCH_PER_S) {
        return 0;
    }
    uint64_t rest_ns = worked_ns * SLC_PACE_RESTS;
    return rest_ns < SLC_PACE_REST_NS_MAX ? rest_ns : SLC_PACE_REST_NS_MAX;
}
