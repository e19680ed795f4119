/* A pprof message to tables. Two walks: one counts, so that what is allocated is known and bounded, the
 * other fills. */
#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "samples.h"
#include "wire.h"

enum {
    SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, DROP_FRAMES, KEEP_FRAMES, TIME, DURATION,
    PERIOD_TYPE, PERIOD, COMMENT, DEFAULT_TYPE, DOC_URL
};

/* The wire form of each field by its number: 1 message or text, 2 number, 3 repeated number. */
static const uint8_t FORMS[] = {0, 1, 1, 1, 1, 1, 1, 2, 2, 3, 2, 1, 2, 3, 2, 2};

static int has_wrong_form(const fb_field *field, const uint8_t *forms, size_t known)
{
    if (field->number >= known)
        return 0;
    switch (forms[field->number]) {
    case 1:
        return field->wire != FB_BYTES;
    case 2:
        return field->wire != FB_VARINT;
    default:
        return field->wire != FB_VARINT && field->wire != FB_BYTES;
    }
}

/* How many numbers a packed list has, or -1. */
static int64_t packed_count(const fb_field *field)
{
    const uint8_t *at = field->data, *end = at + field->size;
    uint64_t number;
    int64_t count = 0;
    for (; at < end; count++)
        if (!(at = fb_varint(at, end, &number)))
            return -1;
    return count;
}

static fb_code count_field(fb_profile *profile, const fb_field *field, fb_error *error)
{
    int64_t numbers;
    if (has_wrong_form(field, FORMS, sizeof FORMS))
        return fb_fail(error, FB_WRONG_WIRE, 0, 0, 0);
    switch (field->number) {
    case SAMPLE_TYPE:
        profile->value_types++;
        return FB_OK;
    case SAMPLE:
        profile->samples++;
        return FB_OK;
    case MAPPING:
        profile->mappings++;
        return FB_OK;
    case LOCATION:
        profile->locations++;
        return FB_OK;
    case FUNCTION:
        profile->functions++;
        return FB_OK;
    case STRING:
        profile->strings++;
        return FB_OK;
    case PERIOD_TYPE:
        profile->period_types++;
        return FB_OK;
    case COMMENT:
        numbers = field->wire == FB_BYTES ? packed_count(field) : 1;
        if (numbers < 0)
            return fb_fail(error, FB_BROKEN, 0, 0, 0);
        profile->comments += (size_t)numbers;
        return FB_OK;
    default:
        return FB_OK;
    }
}

static fb_code count(fb_profile *profile, fb_error *error)
{
    const uint8_t *at = profile->raw, *end = at + profile->size;
    fb_field field;
    fb_code code;
    while (at < end) {
        if (!(at = fb_next(at, end, &field, &code)))
            return fb_fail(error, code, 0, 0, 0);
        if (count_field(profile, &field, error))
            return error->code;
    }
    return FB_OK;
}

/* The lines of locations are counted as they are read; all others are counted by now. */
static fb_code within_limits(const fb_profile *profile, fb_error *error)
{
    uint64_t messages = profile->value_types + profile->period_types + profile->samples + profile->mappings +
                        profile->locations + profile->functions + profile->comments;
    if (messages > profile->limits.messages)
        return fb_fail(error, FB_MANY_MESSAGES, (int64_t)messages, 0, 0);
    if (profile->strings > profile->limits.strings)
        return fb_fail(error, FB_MANY_STRINGS, (int64_t)profile->strings, 0, 0);
    return FB_OK;
}

static void *table(size_t count, size_t size)
{
    return calloc(count ? count : 1, size);
}

static fb_code allocate(fb_profile *profile, fb_error *error)
{
    profile->value_type = table(profile->value_types, sizeof *profile->value_type);
    profile->period_type = table(profile->period_types, sizeof *profile->period_type);
    profile->sample = table(profile->samples, sizeof *profile->sample);
    profile->sample_size = table(profile->samples, sizeof *profile->sample_size);
    profile->mapping = table(profile->mappings, sizeof *profile->mapping);
    profile->location = table(profile->locations, sizeof *profile->location);
    profile->function = table(profile->functions, sizeof *profile->function);
    profile->line_room = profile->locations + 16; /* most have one */
    profile->line = table(profile->line_room, sizeof *profile->line);
    profile->string = table(profile->strings, sizeof *profile->string);
    profile->comment = table(profile->comments, sizeof *profile->comment);
    profile->column = table(profile->value_types, sizeof *profile->column);
    if (profile->value_type && profile->period_type && profile->sample && profile->sample_size &&
        profile->mapping && profile->location && profile->function && profile->line && profile->string && profile->comment && profile->column)
        return FB_OK;
    return fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
}

/* A message of plain numbers: the last of each kind wins, where[number] is where it goes. */
static fb_code numbers(const fb_field *message, uint64_t *where, size_t known, fb_error *error)
{
    const uint8_t *at = message->data, *end = at + message->size;
    fb_field field;
    fb_code code;
    while (at < end) {
        if (!(at = fb_next(at, end, &field, &code)))
            return fb_fail(error, code, 0, 0, 0);
        if (field.number >= known)
            continue;
        if (field.wire != FB_VARINT)
            return fb_fail(error, FB_WRONG_WIRE, 0, 0, 0);
        where[field.number] = field.value;
    }
    return FB_OK;
}

static fb_code fill_value_type(fb_value_type *made, const fb_field *field, fb_error *error)
{
    uint64_t found[3] = {0};
    if (numbers(field, found, 3, error))
        return error->code;
    made->type = (int64_t)found[1];
    made->unit = (int64_t)found[2];
    return FB_OK;
}

static fb_code fill_mapping(fb_mapping *made, const fb_field *field, fb_error *error)
{
    uint64_t found[11] = {0};
    if (numbers(field, found, 11, error))
        return error->code;
    made->id = found[1];
    made->start = found[2];
    made->limit = found[3];
    made->offset = found[4];
    made->file = (int64_t)found[5];
    made->build_id = (int64_t)found[6];
    for (size_t i = 0; i < 4; i++)
        made->flags[i] = found[7 + i] != 0;
    return FB_OK;
}

static fb_code fill_function(fb_function *made, const fb_field *field, fb_error *error)
{
    uint64_t found[6] = {0};
    if (numbers(field, found, 6, error))
        return error->code;
    made->id = found[1];
    made->name = (int64_t)found[2];
    made->system_name = (int64_t)found[3];
    made->file = (int64_t)found[4];
    made->start_line = (int64_t)found[5];
    return FB_OK;
}

static fb_code add_line(fb_profile *profile, const fb_field *field, fb_error *error)
{
    uint64_t found[4] = {0};
    if (numbers(field, found, 4, error))
        return error->code;
    if (profile->lines == profile->line_room) {
        fb_line *grown = realloc(profile->line, 2 * profile->line_room * sizeof *grown);
        if (profile->lines > profile->limits.messages)
            fb_fail(error, FB_MANY_MESSAGES, (int64_t)profile->lines, 0, 0);
        else if (!grown)
            fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
        if (grown) {
            profile->line = grown;
            profile->line_room *= 2;
        }
        if (error->code)
            return error->code;
    }
    profile->line[profile->lines].function_id = found[1];
    profile->line[profile->lines++].number = (int64_t)found[2];
    return FB_OK;
}

static fb_code fill_location(fb_profile *profile, fb_location *made, const fb_field *message, fb_error *error)
{
    const uint8_t *at = message->data, *end = at + message->size;
    size_t before = profile->lines;
    uint64_t found[6] = {0};
    fb_field field;
    fb_code code;
    while (at < end) {
        if (!(at = fb_next(at, end, &field, &code)))
            return fb_fail(error, code, 0, 0, 0);
        if (field.number > 5)
            continue;
        if (field.wire != (field.number == 4 ? FB_BYTES : FB_VARINT))
            return fb_fail(error, FB_WRONG_WIRE, 0, 0, 0);
        if (field.number != 4)
            found[field.number] = field.value;
        else if (add_line(profile, &field, error))
            return error->code;
    }
    made->id = found[1];
    made->mapping_id = found[2];
    made->address = found[3];
    made->is_folded = found[5] != 0;
    made->lines = (uint32_t)(profile->lines - before);
    return FB_OK;
}

static fb_code add_time(fb_profile *profile, uint64_t time, size_t *times, fb_error *error)
{
    (void)error;
    /* The last of several wins in protobuf, which would hide that two files were glued together. */
    *times |= profile->time_nanos ? 1u : 0u;
    profile->time_nanos = (int64_t)time;
    return FB_OK;
}

static fb_code add_times(fb_profile *profile, const fb_field *field, size_t *times, fb_error *error)
{
    const uint8_t *at = field->data, *end = at + field->size;
    uint64_t time;
    if (field->wire == FB_VARINT)
        return add_time(profile, field->value, times, error);
    while (at < end) {
        if (!(at = fb_varint(at, end, &time)))
            return fb_fail(error, FB_BROKEN, 0, 0, 0);
        add_time(profile, time, times, error);
    }
    return FB_OK;
}

static void add_comments(fb_profile *profile, const fb_field *field)
{
    const uint8_t *at = field->data, *end = at + field->size;
    uint64_t comment = field->value;
    if (field->wire == FB_VARINT)
        profile->comment[profile->comments++] = (int64_t)comment;
    else
        while (at < end && (at = fb_varint(at, end, &comment)))
            profile->comment[profile->comments++] = (int64_t)comment;
}

static fb_code fill_field(fb_profile *profile, const fb_field *field, size_t *times, fb_error *error)
{
    switch (field->number) {
    case SAMPLE_TYPE:
        return fill_value_type(&profile->value_type[profile->value_types++], field, error);
    case SAMPLE:
        profile->sample[profile->samples] = (uint32_t)(field->data - profile->raw);
        profile->sample_size[profile->samples++] = (uint32_t)field->size;
        return FB_OK;
    case MAPPING:
        return fill_mapping(&profile->mapping[profile->mappings++], field, error);
    case LOCATION:
        return fill_location(profile, &profile->location[profile->locations++], field, error);
    case FUNCTION:
        return fill_function(&profile->function[profile->functions++], field, error);
    case STRING:
        profile->broken_strings += !fb_is_utf8(field->data, field->size);
        profile->string[profile->strings].data = field->data;
        profile->string[profile->strings++].size = field->size;
        return FB_OK;
    case PERIOD_TYPE:
        return fill_value_type(&profile->period_type[profile->period_types++], field, error);
    case TIME:
        return add_times(profile, field, times, error);
    case COMMENT:
        add_comments(profile, field);
        return FB_OK;
    case DROP_FRAMES:
        profile->drop_frames = (int64_t)field->value;
        return FB_OK;
    case KEEP_FRAMES:
        profile->keep_frames = (int64_t)field->value;
        return FB_OK;
    case DURATION:
        profile->duration_nanos = (int64_t)field->value;
        return FB_OK;
    case PERIOD:
        profile->period = (int64_t)field->value;
        return FB_OK;
    case DEFAULT_TYPE:
        profile->default_type = (int64_t)field->value;
        return FB_OK;
    case DOC_URL:
        profile->doc_url = (int64_t)field->value;
        return FB_OK;
    default:
        return FB_OK;
    }
}

static fb_code fill(fb_profile *profile, size_t *times, fb_error *error)
{
    const uint8_t *at = profile->raw, *end = at + profile->size;
    fb_field field;
    fb_code code;
    profile->value_types = profile->period_types = profile->samples = profile->mappings = 0;
    profile->locations = profile->functions = profile->lines = profile->strings = profile->comments = 0;
    while (at < end) {
        if (!(at = fb_next(at, end, &field, &code)))
            return fb_fail(error, code, 0, 0, 0);
        if (fill_field(profile, &field, times, error))
            return error->code;
    }
    return FB_OK;
}

static int lacks(const fb_profile *profile, int64_t index, fb_error *error)
{
    if ((uint64_t)index < profile->strings)
        return 0;
    fb_fail(error, FB_BAD_STRING, index, (int64_t)profile->strings, 0);
    return 1;
}

/* Every string that a table names, used or not. */
static fb_code check_strings(const fb_profile *profile, fb_error *error)
{
    const int64_t named[] = {profile->drop_frames, profile->keep_frames, profile->default_type,
                             profile->doc_url};
    if (!profile->strings)
        return fb_fail(error, FB_NO_STRINGS, 0, 0, 0);
    if (profile->string[0].size)
        return fb_fail(error, FB_FIRST_STRING, 0, 0, 0);
    for (size_t i = 0; i < profile->mappings; i++)
        if (lacks(profile, profile->mapping[i].file, error) ||
            lacks(profile, profile->mapping[i].build_id, error))
            return error->code;
    for (size_t i = 0; i < profile->functions; i++)
        if (lacks(profile, profile->function[i].name, error) ||
            lacks(profile, profile->function[i].system_name, error) ||
            lacks(profile, profile->function[i].file, error))
            return error->code;
    for (size_t i = 0; i < profile->value_types; i++)
        if (lacks(profile, profile->value_type[i].type, error) ||
            lacks(profile, profile->value_type[i].unit, error))
            return error->code;
    for (size_t i = 0; i < profile->period_types; i++)
        if (lacks(profile, profile->period_type[i].type, error) ||
            lacks(profile, profile->period_type[i].unit, error))
            return error->code;
    for (size_t i = 0; i < profile->comments; i++)
        if (lacks(profile, profile->comment[i], error))
            return error->code;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (lacks(profile, named[i], error))
            return error->code;
    return FB_OK;
}

static fb_code make_ids(fb_profile *profile, fb_error *error)
{
    if (fb_ids_make(&profile->mapping_ids, &profile->mapping->id, sizeof *profile->mapping, profile->mappings,
                    FB_MAPPING, error) ||
        fb_ids_make(&profile->function_ids, &profile->function->id, sizeof *profile->function,
                    profile->functions, FB_FUNCTION, error) ||
        fb_ids_make(&profile->location_ids, &profile->location->id, sizeof *profile->location,
                    profile->locations, FB_LOCATION, error))
        return error->code;
    return FB_OK;
}

/* An unknown mapping is no mapping, as in google/pprof; an unknown function is an error. */
static fb_code link(fb_profile *profile, fb_error *error)
{
    size_t line = 0;
    if (!(profile->line_function = table(profile->lines, sizeof *profile->line_function)))
        return fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    for (size_t i = 0; i < profile->locations; i++) {
        fb_location *location = &profile->location[i];
        location->mapping = fb_ids_find(&profile->mapping_ids, location->mapping_id);
        for (size_t end = line + location->lines; line < end; line++) {
            int32_t place = fb_ids_find(&profile->function_ids, profile->line[line].function_id);
            if (place < 0)
                return fb_fail(error, FB_NO_FUNCTION, (int64_t)location->id, 0, 0);
            profile->line_function[line] = place;
        }
    }
    return FB_OK;
}

fb_code fb_parse(fb_profile *profile, const uint8_t *raw, size_t size, const fb_limits *limits, fb_error *error)
{
    size_t times = 0;
    memset(profile, 0, sizeof *profile);
    profile->raw = raw;
    profile->size = size;
    profile->limits = *limits;
    fb_fail(error, FB_OK, 0, 0, 0);
    if (size > INT32_MAX)
        return fb_fail(error, FB_BROKEN, 0, 0, 0);
    if (count(profile, error) || within_limits(profile, error) || allocate(profile, error) ||
        fill(profile, &times, error) || check_strings(profile, error))
        return error->code;
    if (times)
        return fb_fail(error, FB_TWO_TIMES, 0, 0, 0);
    if (make_ids(profile, error) || link(profile, error))
        return error->code;
    return fb_check_samples(profile, error);
}

void fb_free(fb_profile *profile)
{
    fb_ids_free(&profile->mapping_ids);
    fb_ids_free(&profile->location_ids);
    fb_ids_free(&profile->function_ids);
    free(profile->value_type);
    free(profile->period_type);
    free(profile->sample);
    free(profile->sample_size);
    free(profile->mapping);
    free(profile->location);
    free(profile->function);
    free(profile->line);
    free(profile->line_function);
    free(profile->string);
    free(profile->comment);
    free(profile->column);
    memset(profile, 0, sizeof *profile);
}
