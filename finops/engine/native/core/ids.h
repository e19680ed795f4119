/* From ids to places; hashing. */
#ifndef FB_IDS_H
#define FB_IDS_H

#include "fb.h"

extern uint64_t fb_seed_first, fb_seed_second;

static inline uint64_t fb_mix(uint64_t one, uint64_t other)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(one ^ fb_seed_first) * (other ^ fb_seed_second);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t fb_hash(const uint8_t *data, size_t size);

/* ids[0], ids[stride], … in bytes; a kind for the error. */
fb_code fb_ids_make(fb_ids *made, const void *first, size_t stride, size_t count, int kind, fb_error *error);
void fb_ids_free(fb_ids *ids);
int32_t fb_ids_search(const fb_ids *ids, uint64_t id);

/* Where an id stands in its table; -1 where it does not. */
static inline int32_t fb_ids_find(const fb_ids *ids, uint64_t id)
{
    if (ids->table)
        return id <= ids->largest ? ids->table[id] : -1;
    return fb_ids_search(ids, id);
}

#endif
