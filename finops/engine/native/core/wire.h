/* Protobuf's wire format, one field at a time, never past the end of the record it is in. */
#ifndef FB_WIRE_H
#define FB_WIRE_H

#include "fb.h"

enum { FB_VARINT = 0, FB_FIXED64 = 1, FB_BYTES = 2, FB_FIXED32 = 5 };

typedef struct {
    uint32_t number, wire;
    uint64_t value;                  /* of a varint */
    const uint8_t *data;             /* of bytes */
    size_t size;
} fb_field;

static inline const uint8_t *fb_long_varint(const uint8_t *at, const uint8_t *end, unsigned longest,
                                            uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < longest && at < end; i++) {
        uint64_t byte = *at++;
        value |= (byte & 127) << (7 * i);
        if (byte < 128) {
            *out = value;
            return at;
        }
    }
    return NULL;
}

/* A number of up to ten bytes; bits beyond the 64th are dropped, as protobuf drops them. */
static inline const uint8_t *fb_varint(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
    if (at < end && at[0] < 128) {
        *out = at[0];
        return at + 1;
    }
    if (end - at >= 2 && at[1] < 128) {
        *out = (uint64_t)(at[0] & 127) | (uint64_t)at[1] << 7;
        return at + 2;
    }
    return fb_long_varint(at, end, 10, out);
}

/* A tag or a length: five bytes at most. */
static inline const uint8_t *fb_short_varint(const uint8_t *at, const uint8_t *end, uint64_t most,
                                             uint64_t *out)
{
    if (at < end && at[0] < 128) {
        *out = at[0];
        return at + 1;
    }
    at = fb_long_varint(at, end, 5, out);
    return at && *out <= most ? at : NULL;
}

/* The next field; NULL where there is no whole one, or a form that is not taken (then *code says). */
static inline const uint8_t *fb_next(const uint8_t *at, const uint8_t *end, fb_field *field, fb_code *code)
{
    uint64_t tag, size;
    *code = FB_BROKEN;
    field->value = 0;
    field->data = at;
    field->size = 0;
    if (!(at = fb_short_varint(at, end, UINT32_MAX, &tag)))
        return NULL;
    field->number = (uint32_t)(tag >> 3);
    field->wire = (uint32_t)(tag & 7);
    if (!field->number)
        return NULL;
    switch (field->wire) {
    case FB_VARINT:
        return fb_varint(at, end, &field->value);
    case FB_BYTES:
        if (!(at = fb_short_varint(at, end, INT32_MAX, &size)) || size > (size_t)(end - at))
            return NULL;
        field->data = at;
        field->size = (size_t)size;
        return at + size;
    case FB_FIXED64:
        return end - at >= 8 ? at + 8 : NULL;
    case FB_FIXED32:
        return end - at >= 4 ? at + 4 : NULL;
    case 3:
    case 4:
        *code = FB_WRONG_WIRE;
        return NULL;
    default:
        return NULL;
    }
}

static inline fb_code fb_fail(fb_error *error, fb_code code, int64_t a, int64_t b, int64_t c)
{
    error->code = code;
    error->a = a;
    error->b = b;
    error->c = c;
    return code;
}

#endif
