#include "ids.h"

#include <stdlib.h>
#include <string.h>

#include "wire.h"

/* Most files count ids from 1. A table this much larger than the ids is still quicker than searching. */
#define FB_DENSE 16
#define FB_SMALL_TABLE 4096

uint64_t fb_seed_first = 0x9E3779B97F4A7C15u, fb_seed_second = 0xD6E8FEB86659FD93u;

void fb_seed(uint64_t first, uint64_t second)
{
    fb_seed_first = first | 1;
    fb_seed_second = second | 1;
}

uint64_t fb_hash(const uint8_t *data, size_t size)
{
    uint64_t hash = size, part[2];
    size_t left = size;
    for (; left > 16; left -= 16, data += 16) {
        memcpy(part, data, 16);
        hash = fb_mix(part[0] ^ hash, part[1] + 0xA0761D6478BD642Fu);
    }
    part[0] = part[1] = 0;
    if (left)
        memcpy(part, data, left);
    return fb_mix(part[0] ^ hash, part[1] ^ 0xE7037ED1A0B428DBu);
}

static uint64_t id_at(const void *first, size_t stride, size_t place)
{
    uint64_t id;
    memcpy(&id, (const uint8_t *)first + stride * place, sizeof id);
    return id;
}

static fb_code make_table(fb_ids *made, const void *first, size_t stride, int kind, fb_error *error)
{
    size_t room = (size_t)made->largest + 1;
    made->table = malloc(room * sizeof *made->table);
    if (!made->table)
        return fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    memset(made->table, 0xFF, room * sizeof *made->table);
    for (size_t i = 0; i < made->count; i++) {
        uint64_t id = id_at(first, stride, i);
        if (made->table[id] >= 0)
            return fb_fail(error, FB_SAME_ID, kind, (int64_t)id, 0);
        made->table[id] = (int32_t)i;
    }
    return FB_OK;
}

static fb_code make_slots(fb_ids *made, const void *first, size_t stride, int kind, fb_error *error)
{
    size_t room = 16;
    while (room < 2 * made->count)
        room *= 2;
    made->mask = room - 1;
    made->slots = calloc(room, sizeof *made->slots);
    made->places = malloc(room * sizeof *made->places);
    if (!made->slots || !made->places)
        return fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    for (size_t i = 0; i < made->count; i++) {
        uint64_t id = id_at(first, stride, i);
        size_t slot = (size_t)fb_mix(id, 1) & made->mask;
        for (; made->slots[slot]; slot = (slot + 1) & made->mask)
            if (made->slots[slot] == id)
                return fb_fail(error, FB_SAME_ID, kind, (int64_t)id, 0);
        made->slots[slot] = id;
        made->places[slot] = (int32_t)i;
    }
    return FB_OK;
}

fb_code fb_ids_make(fb_ids *made, const void *first, size_t stride, size_t count, int kind, fb_error *error)
{
    made->count = count;
    made->largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t id = id_at(first, stride, i);
        if (!id)
            return fb_fail(error, FB_RESERVED_ID, kind, 0, 0);
        if (id > made->largest)
            made->largest = id;
    }
    if (made->largest < FB_DENSE * count + FB_SMALL_TABLE)
        return make_table(made, first, stride, kind, error);
    return make_slots(made, first, stride, kind, error);
}

int32_t fb_ids_search(const fb_ids *ids, uint64_t id)
{
    size_t slot = (size_t)fb_mix(id, 1) & ids->mask;
    if (!id)
        return -1;
    for (; ids->slots[slot]; slot = (slot + 1) & ids->mask)
        if (ids->slots[slot] == id)
            return ids->places[slot];
    return -1;
}

void fb_ids_free(fb_ids *ids)
{
    free(ids->table);
    free(ids->slots);
    free(ids->places);
}
