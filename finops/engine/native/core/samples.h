/* Samples on the wire. They were checked once; the fast readers below rely on it. */
#ifndef FB_SAMPLES_H
#define FB_SAMPLES_H

#include "wire.h"

fb_code fb_check_samples(fb_profile *profile, fb_error *error);

/* A sample as a reduction wants it: one value, and the ids of its stack, leaf first, as packed varints. */
typedef struct {
    int64_t value;
    const uint8_t *ids, *ids_end;
    uint8_t *scratch;                /* room for largest_sample bytes, where a stack is put together */
} fb_sample;

/* A stack that is not one packed list: put its pieces together. */
void fb_gather_stack(const fb_profile *profile, size_t place, fb_sample *sample);

static inline void fb_packed_value(const fb_field *field, size_t wanted, size_t *seen, int64_t *value)
{
    const uint8_t *at = field->data, *end = at + field->size;
    uint64_t number;
    while (at < end && (at = fb_varint(at, end, &number)))
        if ((*seen)++ == wanted)
            *value = (int64_t)number;
}

/* The sample at a place of a profile whose samples were checked. */
static inline void fb_read_sample(const fb_profile *profile, size_t place, size_t column, fb_sample *sample)
{
    const uint8_t *at = profile->raw + profile->sample[place], *end = at + profile->sample_size[place];
    fb_field field;
    fb_code code;
    size_t values = 0, lists = 0, is_scattered = 0;
    sample->value = 0;
    sample->ids = sample->ids_end = at;
    while (at < end && (at = fb_next(at, end, &field, &code))) {
        if (field.number == 1) {
            if (field.wire == FB_BYTES) {
                sample->ids = field.data;
                sample->ids_end = field.data + field.size;
            } else {
                is_scattered = 1;
            }
            lists++;
        } else if (field.number == 2) {
            if (field.wire == FB_BYTES) {
                fb_packed_value(&field, column, &values, &sample->value);
            } else if (values++ == column) {
                sample->value = (int64_t)field.value;
            }
            if (values == profile->value_types && profile->is_orderly)
                break; /* only labels follow */
        }
    }
    if ((is_scattered || lists > 1) && sample->value)
        fb_gather_stack(profile, place, sample);
}

/* The next id of a checked packed list. */
static inline const uint8_t *fb_checked_id(const uint8_t *at, uint64_t *id)
{
    uint64_t value = *at++;
    if (value >= 128) {
        uint64_t byte = *at++;
        value = (value & 127) | (byte & 127) << 7;
        if (byte >= 128) {
            unsigned shift = 14;
            do {
                byte = *at++;
                value |= (byte & 127) << shift;
                shift += 7;
            } while (byte >= 128);
        }
    }
    *id = value;
    return at;
}

#endif
