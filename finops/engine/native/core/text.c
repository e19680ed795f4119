#include <string.h>

#include "fb.h"

#define FB_HIGH_BITS 0x8080808080808080u

/* How many bytes the character at a byte that is not ASCII has; 0 where it is none. */
static size_t character(const uint8_t *at, size_t left)
{
    uint8_t first = at[0], low = 0x80, high = 0xBF;
    size_t more;
    if (first >= 0xC2 && first <= 0xDF) {
        more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
        more = 2;
        low = first == 0xE0 ? 0xA0 : low;
        high = first == 0xED ? 0x9F : high; /* no surrogates */
    } else if (first >= 0xF0 && first <= 0xF4) {
        more = 3;
        low = first == 0xF0 ? 0x90 : low;
        high = first == 0xF4 ? 0x8F : high;
    } else {
        return 0;
    }
    if (left <= more || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i <= more; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return more + 1;
}

int fb_is_utf8(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint64_t eight;
        if (size - at >= 8) {
            memcpy(&eight, data + at, 8);
            if (!(eight & FB_HIGH_BITS)) {
                at += 8;
                continue;
            }
        }
        if (data[at] < 0x80) {
            at++;
            continue;
        }
        size_t length = character(data + at, size - at);
        if (!length)
            return 0;
        at += length;
    }
    return 1;
}
