#include "bounds.h"

#include <stdlib.h>

#include "ids.h"
#include "samples.h"

uint64_t fb_most_frames(const fb_limits *limits, uint64_t entries)
{
    /* Entries are fewer than the bytes of a profile, so that this cannot overflow. */
    uint64_t most = limits->free_frames + limits->inlined * entries;
    return most < limits->frames ? most : limits->frames;
}

typedef struct {
    uint64_t whole, deepest;
    size_t sample;                   /* the first of the deepest */
} depths;

static void add_depth(depths *found, size_t sample, uint64_t depth)
{
    found->whole += depth;
    if (depth > found->deepest) {
        found->deepest = depth;
        found->sample = sample;
    }
}

static fb_code say(const depths *found, const fb_limits *limits, uint64_t entries, fb_error *error)
{
    uint64_t most = fb_most_frames(limits, entries);
    if (found->deepest > limits->stack_frames)
        return fb_fail(error, FB_DEEP_STACK, (int64_t)found->sample, (int64_t)found->deepest, 0);
    if (found->whole > most)
        return fb_fail(error, FB_MANY_FRAMES, (int64_t)entries, (int64_t)found->whole, (int64_t)most);
    return FB_OK;
}

static uint64_t frames_of(const fb_frames *frames, int32_t location)
{
    return (uint64_t)(frames->offsets[location + 1] - frames->offsets[location]);
}

static uint64_t depth_of(const fb_profile *profile, const fb_frames *frames, const fb_sample *sample)
{
    uint64_t depth = 0, id;
    for (const uint8_t *at = sample->ids; at < sample->ids_end;) {
        at = fb_checked_id(at, &id);
        depth += frames_of(frames, fb_ids_find(&profile->location_ids, id));
    }
    return depth;
}

fb_code fb_refuse_frames(const fb_profile *profile, size_t column, const fb_frames *frames, fb_error *error)
{
    depths found = {0, 0, 0};
    fb_sample sample = {0};
    if (!(sample.scratch = malloc(profile->largest_sample + 1)))
        return fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    for (size_t i = 0; i < profile->samples; i++) {
        fb_read_sample(profile, i, column, &sample);
        if (sample.value)
            add_depth(&found, i, depth_of(profile, frames, &sample));
    }
    free(sample.scratch);
    return say(&found, &profile->limits, profile->entries, error);
}

fb_code fb_refuse_frames_of(const fb_stacks_of *stacks, const fb_limits *limits, const fb_frames *frames,
                            fb_error *error)
{
    depths found = {0, 0, 0};
    for (size_t i = 0; i < stacks->samples; i++) {
        uint64_t depth = 0;
        for (int64_t at = stacks->stack_offsets[i]; at < stacks->stack_offsets[i + 1]; at++)
            depth += frames_of(frames, stacks->stack_locations[at]);
        if (stacks->values[i])
            add_depth(&found, i, depth);
    }
    return say(&found, limits, (uint64_t)stacks->stack_offsets[stacks->samples], error);
}

fb_code fb_refuse_negative(const fb_profile *profile, size_t column, fb_error *error)
{
    fb_sample sample = {0};
    if (profile->column[column].least >= 0)
        return FB_OK;
    if (!(sample.scratch = malloc(profile->largest_sample + 1)))
        return fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    for (size_t i = 0; !error->code && i < profile->samples; i++) {
        fb_read_sample(profile, i, column, &sample);
        if (sample.value < 0)
            fb_fail(error, FB_NEGATIVE, (int64_t)i, sample.value, 0);
    }
    free(sample.scratch);
    return error->code;
}

fb_code fb_refuse_negative_of(const fb_stacks_of *stacks, fb_error *error)
{
    for (size_t i = 0; i < stacks->samples; i++)
        if (stacks->values[i] < 0)
            return fb_fail(error, FB_NEGATIVE, (int64_t)i, stacks->values[i], 0);
    return FB_OK;
}

fb_code fb_refuse_overflow_of(const fb_stacks_of *stacks, fb_error *error)
{
    uint64_t weight = 0;
    for (size_t i = 0; i < stacks->samples; i++) {
        int64_t value = stacks->values[i];
        weight += value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        if (weight > INT64_MAX)
            return fb_fail(error, FB_OVERFLOW, 0, 0, 0);
    }
    return FB_OK;
}
