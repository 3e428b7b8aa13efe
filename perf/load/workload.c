#include "workload.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide_t;

static const char PAIRS[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

/* The output step of SplitMix64 (G. Steele, D. Lea, C. Flood, 2014): a bijection of 64 bits, so distinct
 * request numbers have distinct order keys. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* A number below `bound` from the bits of `random`, without a division. */
static uint64_t below(uint64_t random, uint64_t bound)
{
    return (uint64_t)(((wide_t)random * bound) >> 64);
}

/* Weights are whole numbers: fine enough that the last of 4096 drops is not rounded away. */
#define ZIPF_FIRST 1e12

void load_workload_zipf(load_workload_t *workload, double exponent)
{
    for (uint32_t i = 0; i < workload->drop_count; i++) {
        workload->drops[i].weight = 1 + (uint64_t)(ZIPF_FIRST / pow(i + 1, exponent));
    }
}

void load_workload_prepare(load_workload_t *workload)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < workload->drop_count; i++) {
        sum += workload->drops[i].weight;
        workload->weight_up_to[i] = sum;
    }
}

/* The first drop whose sum of weights is above a point drawn below the sum of all. */
static uint32_t pick_drop(const load_workload_t *workload, uint64_t random)
{
    uint32_t low = 0;
    uint32_t high = workload->drop_count - 1;
    uint64_t point = below(random, workload->weight_up_to[high]);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (workload->weight_up_to[middle] > point) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void put_user(char out[LOAD_USER_BYTES], uint64_t user)
{
    out[0] = 'u';
    for (int at = LOAD_USER_BYTES - 2; at > 0; at -= 2) {
        memcpy(out + at, PAIRS + 2 * (user % 100), 2);
        user /= 100;
    }
}

void load_workload_request(const load_workload_t *workload, uint64_t number, load_request_t *ret_request)
{
    uint64_t key = mix(mix(workload->seed) + number * UINT64_C(0x9e3779b97f4a7c15));
    uint64_t other = mix(key + 1);
    ret_request->drop = workload->drop_count == 1 ? 0 : pick_drop(workload, mix(key + 2));
    ret_request->order_key = !workload->keys ? 0 : key != 0 ? key : 1;
    put_user(ret_request->user, below(other, workload->users));
}

double load_workload_chance(const load_workload_t *workload, uint64_t number, bool *ret_bit)
{
    uint64_t random = mix(mix(mix(workload->seed) + number * UINT64_C(0x9e3779b97f4a7c15)) + 3);
    *ret_bit = (random & 1) != 0;
    return (double)(random >> 11) / 9007199254740992.0; /* 2^53 */
}

size_t load_put_decimal(char *out, uint64_t value)
{
    char reversed[20];
    size_t bytes = 0;
    do {
        reversed[bytes++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    for (size_t i = 0; i < bytes; i++) {
        out[i] = reversed[bytes - 1 - i];
    }
    return bytes;
}
