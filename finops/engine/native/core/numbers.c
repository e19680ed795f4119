/* Columns of whole numbers: narrowed, shuffled, and divided without losing a unit. */
#include <stdlib.h>

#include "fb.h"

__extension__ typedef unsigned __int128 wide;

uint64_t fb_divisor(uint64_t so_far, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count && so_far != 1; i++)
        for (uint64_t other = (uint64_t)numbers[i]; other;) {
            uint64_t rest = so_far % other;
            so_far = other;
            other = rest;
        }
    return so_far;
}

size_t fb_width(const int64_t *numbers, size_t count)
{
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++)
        all |= (uint64_t)numbers[i];
    return all >> 32 ? 8 : all >> 16 ? 4 : all >> 8 ? 2 : 1;
}

void fb_shuffle(const int64_t *numbers, size_t count, size_t width, uint8_t *out)
{
    for (size_t byte = 0; byte < width; byte++)
        for (size_t i = 0; i < count; i++)
            *out++ = (uint8_t)((uint64_t)numbers[i] >> (8 * byte));
}

void fb_unshuffle(const uint8_t *bytes, size_t count, size_t width, int64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        for (size_t byte = 0; byte < width; byte++)
            number |= (uint64_t)bytes[byte * count + i] << (8 * byte);
        out[i] = (int64_t)number;
    }
}

typedef struct {
    uint64_t loss;
    size_t place;
} lost;

static int by_loss(const void *one, const void *other)
{
    const lost *left = one, *right = other;
    if (left->loss != right->loss)
        return left->loss < right->loss ? 1 : -1;
    return left->place < right->place ? -1 : 1;
}

fb_code fb_divide(uint64_t amount, const int64_t *weights, size_t count, int64_t *parts)
{
    lost *losses = malloc((count ? count : 1) * sizeof *losses);
    uint64_t whole = 0, left = amount;
    if (!losses)
        return FB_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        whole += (uint64_t)weights[i];
    for (size_t i = 0; i < count; i++) {
        wide product = (wide)amount * (uint64_t)weights[i];
        uint64_t part = product >> 64 ? (uint64_t)(product / whole) : (uint64_t)product / whole;
        losses[i].loss = (uint64_t)(product - (wide)part * whole);
        losses[i].place = i;
        parts[i] = (int64_t)part;
        left -= part;
    }
    if (left)
        qsort(losses, count, sizeof *losses, by_loss);
    for (size_t i = 0; i < left; i++)
        parts[losses[i].place]++;
    free(losses);
    return FB_OK;
}
