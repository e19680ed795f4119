#include "samples.h"

#include <string.h>

#include "ids.h"

/* What is known of the samples looked at so far. */
typedef struct {
    fb_profile *profile;
    fb_error *error;
    size_t place, values, entries;
    uint64_t known;                  /* where all ids from 1 to this are there: it; else 0 */
} checking;

static int checks_location(checking *now, uint64_t id)
{
    now->entries++;
    /* is_orderly so far, and a location behind the last value */
    if (now->values && now->values >= now->profile->value_types)
        now->profile->is_orderly = 0;
    if (now->known ? id - 1 < now->known : fb_ids_find(&now->profile->location_ids, id) >= 0)
        return 1;
    fb_fail(now->error, FB_NO_LOCATION, (int64_t)now->place, (int64_t)id, 0);
    return 0;
}

static void takes_value(checking *now, int64_t value)
{
    size_t at = now->values++;
    if (at >= now->profile->value_types)
        return;
    fb_column *column = &now->profile->column[at];
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (value < column->least)
        column->least = value;
    column->sum += (uint64_t)value;
    column->weight += size;
    if (column->weight > INT64_MAX) {
        column->weight = INT64_MAX;
        column->is_beyond = 1;
    }
}

static int check_stack(checking *now, const fb_field *field)
{
    const uint8_t *at = field->data, *end = at + field->size;
    uint64_t id;
    if (field->wire == FB_VARINT)
        return checks_location(now, field->value);
    if (field->wire != FB_BYTES)
        return fb_fail(now->error, FB_WRONG_WIRE, 0, 0, 0), 0;
    if (now->known && !now->values) { /* the usual case, without a branch per id */
        uint64_t worst = 0;
        for (; at < end; now->entries++) {
            if (!(at = fb_varint(at, end, &id)))
                return fb_fail(now->error, FB_BROKEN, 0, 0, 0), 0;
            worst = id - 1 > worst ? id - 1 : worst;
        }
        if (worst >= now->known)
            return fb_fail(now->error, FB_NO_LOCATION, (int64_t)now->place, (int64_t)(worst + 1), 0), 0;
        return 1;
    }
    while (at < end) {
        if (!(at = fb_varint(at, end, &id)))
            return fb_fail(now->error, FB_BROKEN, 0, 0, 0), 0;
        if (!checks_location(now, id))
            return 0;
    }
    return 1;
}

static int check_values(checking *now, const fb_field *field)
{
    const uint8_t *at = field->data, *end = at + field->size;
    uint64_t number;
    if (field->wire == FB_VARINT)
        return takes_value(now, (int64_t)field->value), 1;
    if (field->wire != FB_BYTES)
        return fb_fail(now->error, FB_WRONG_WIRE, 0, 0, 0), 0;
    while (at < end) {
        if (!(at = fb_varint(at, end, &number)))
            return fb_fail(now->error, FB_BROKEN, 0, 0, 0), 0;
        takes_value(now, (int64_t)number);
    }
    return 1;
}

/* A label's fields: key, text, number, unit; 0 where they cannot be read. */
static int read_label(const fb_field *message, uint64_t found[5], fb_code *code)
{
    const uint8_t *at = message->data, *end = at + message->size;
    fb_field field;
    memset(found, 0, 5 * sizeof *found);
    while (at < end) {
        if (!(at = fb_next(at, end, &field, code)))
            return 0;
        if (field.number > 4)
            continue;
        if (field.wire != FB_VARINT) {
            *code = FB_WRONG_WIRE;
            return 0;
        }
        found[field.number] = field.value;
    }
    return 1;
}

/* As google/pprof reads labels: a text if it has one, else a number with its unit, else nothing. */
static int check_label(checking *now, const fb_field *field)
{
    uint64_t found[5], strings = now->profile->strings;
    fb_code code = FB_WRONG_WIRE;
    if (field->wire != FB_BYTES || !read_label(field, found, &code))
        return fb_fail(now->error, code, 0, 0, 0), 0;
    uint64_t named = found[2] ? found[2] : found[3] || found[4] ? found[4] : 0;
    uint64_t wrong = found[1] >= strings ? found[1] : named;
    if (wrong >= strings)
        return fb_fail(now->error, FB_BAD_STRING, (int64_t)wrong, (int64_t)strings, 0), 0;
    now->profile->labels += found[2] || found[3] || found[4];
    return 1;
}

static int check_sample(checking *now)
{
    const fb_profile *profile = now->profile;
    const uint8_t *at = profile->raw + profile->sample[now->place];
    const uint8_t *end = at + profile->sample_size[now->place];
    fb_field field;
    fb_code code;
    now->values = 0;
    while (at < end) {
        if (!(at = fb_next(at, end, &field, &code)))
            return fb_fail(now->error, code, 0, 0, 0), 0;
        if ((field.number == 1 && !check_stack(now, &field)) ||
            (field.number == 2 && !check_values(now, &field)) ||
            (field.number == 3 && !check_label(now, &field)))
            return 0;
    }
    if (now->values == profile->value_types && now->values)
        return 1;
    if (now->values == profile->value_types)
        fb_fail(now->error, FB_NO_TYPES, 0, 0, 0);
    else
        fb_fail(now->error, FB_VALUE_COUNT, (int64_t)now->place, (int64_t)now->values,
                (int64_t)profile->value_types);
    return 0;
}

fb_code fb_check_samples(fb_profile *profile, fb_error *error)
{
    const fb_ids *ids = &profile->location_ids;
    checking now = {profile, error, 0, 0, 0, ids->count == ids->largest ? ids->count : 0};
    profile->is_orderly = 1;
    for (; now.place < profile->samples; now.place++) {
        if (profile->sample_size[now.place] > profile->largest_sample)
            profile->largest_sample = profile->sample_size[now.place];
        if (!check_sample(&now))
            return error->code;
    }
    profile->entries = now.entries;
    return FB_OK;
}

static uint8_t *put_varint(uint8_t *at, uint64_t number)
{
    for (; number > 127; number >>= 7)
        *at++ = (uint8_t)(number | 128);
    *at++ = (uint8_t)number;
    return at;
}

void fb_gather_stack(const fb_profile *profile, size_t place, fb_sample *sample)
{
    const uint8_t *at = profile->raw + profile->sample[place], *end = at + profile->sample_size[place];
    uint8_t *made = sample->scratch;
    fb_field field;
    fb_code code;
    while (at < end && (at = fb_next(at, end, &field, &code))) {
        if (field.number != 1)
            continue;
        if (field.wire == FB_VARINT) {
            made = put_varint(made, field.value);
        } else if (field.size) {
            memcpy(made, field.data, field.size);
            made += field.size;
        }
    }
    sample->ids = sample->scratch;
    sample->ids_end = made;
}

void fb_values(const fb_profile *profile, int64_t *values)
{
    for (size_t i = 0; i < profile->samples; i++) {
        const uint8_t *at = profile->raw + profile->sample[i], *end = at + profile->sample_size[i];
        fb_field field;
        fb_code code;
        while (at < end && (at = fb_next(at, end, &field, &code))) {
            if (field.number != 2)
                continue;
            if (field.wire == FB_VARINT) {
                *values++ = (int64_t)field.value;
                continue;
            }
            const uint8_t *number = field.data, *stop = number + field.size;
            uint64_t value;
            while (number < stop && (number = fb_varint(number, stop, &value)))
                *values++ = (int64_t)value;
        }
    }
}

void fb_stacks(const fb_profile *profile, int64_t *offsets, int32_t *locations)
{
    int64_t entries = 0;
    for (size_t i = 0; i < profile->samples; i++) {
        const uint8_t *at = profile->raw + profile->sample[i], *end = at + profile->sample_size[i];
        fb_field field;
        fb_code code;
        offsets[i] = entries;
        while (at < end && (at = fb_next(at, end, &field, &code))) {
            if (field.number != 1)
                continue;
            if (field.wire == FB_VARINT) {
                locations[entries++] = fb_ids_find(&profile->location_ids, field.value);
                continue;
            }
            const uint8_t *id = field.data, *stop = id + field.size;
            uint64_t number;
            while (id < stop) {
                id = fb_checked_id(id, &number);
                locations[entries++] = fb_ids_find(&profile->location_ids, number);
            }
        }
    }
    offsets[profile->samples] = entries;
}

void fb_labels(const fb_profile *profile, fb_label *labels)
{
    for (size_t i = 0; i < profile->samples; i++) {
        const uint8_t *at = profile->raw + profile->sample[i], *end = at + profile->sample_size[i];
        fb_field field;
        fb_code code;
        uint64_t found[5];
        while (at < end && (at = fb_next(at, end, &field, &code))) {
            if (field.number != 3 || !read_label(&field, found, &code))
                continue;
            if (!found[2] && !found[3] && !found[4])
                continue;
            labels->sample = (int64_t)i;
            labels->key = (int64_t)found[1];
            labels->text = (int64_t)found[2]; /* 0: a number */
            labels->number = found[2] ? 0 : (int64_t)found[3];
            labels->unit = found[2] ? 0 : (int64_t)found[4];
            labels++;
        }
    }
}
