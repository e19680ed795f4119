/* Self and total of groups of frames, one walk over the samples. */
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "ids.h"
#include "samples.h"

/* What stands for a location: its group where it has one frame, else ~place of its frames in `frames`. */
typedef struct {
    const fb_frames *frames;
    int32_t *cells;                  /* by location id where ids are dense, else by location */
    const fb_ids *ids;
} cells;

typedef struct {
    const fb_limits *limits;
    uint64_t most;                   /* frames of all stacks together */
    fb_sums *sums;
    uint64_t frames;                 /* walked so far */
} walking;

static int32_t *cells_of(const fb_frames *frames)
{
    int32_t *made = malloc((frames->locations + 1) * sizeof *made);
    if (made)
        for (size_t i = 0; i < frames->locations; i++) {
            int64_t start = frames->offsets[i];
            made[i] = frames->offsets[i + 1] - start == 1 ? frames->groups[start] : ~(int32_t)i;
        }
    return made;
}

static int start_cells(cells *made, const fb_frames *frames, const fb_ids *ids)
{
    int32_t *of_location = cells_of(frames);
    made->frames = frames;
    made->ids = ids;
    made->cells = of_location;
    if (!of_location || !ids->table)
        return of_location != NULL;
    made->cells = malloc(((size_t)ids->largest + 1) * sizeof *made->cells);
    if (made->cells)
        for (size_t id = 0; id <= ids->largest; id++)
            made->cells[id] = ids->table[id] < 0 ? 0 : of_location[ids->table[id]];
    free(of_location);
    return made->cells != NULL;
}

static inline void add(fb_sums *sums, int32_t group, uint64_t value, uint32_t mark)
{
    /* Without a branch: whether a stack has met a group already cannot be foreseen. */
    uint32_t met = sums->met[group];
    sums->totals[group] += value & (uint64_t)-(int64_t)(met != mark);
    sums->met[group] = mark;
}

/* The frames of a location with several. */
static int add_list(walking *now, const fb_frames *frames, size_t location, uint64_t value, uint32_t mark,
                    uint64_t *depth)
{
    int64_t start = frames->offsets[location], end = frames->offsets[location + 1];
    *depth += (uint64_t)(end - start) - 1;
    if (*depth > now->limits->stack_frames)
        return 0;
    for (; start < end; start++)
        add(now->sums, frames->groups[start], value, mark);
    return 1;
}

/* Whether a stack may be so deep, and all of them together. */
static int counted(walking *now, uint64_t depth)
{
    now->frames += depth;
    return depth <= now->limits->stack_frames && now->frames <= now->most;
}

static inline void add_self(walking *now, const fb_frames *frames, int32_t cell, uint64_t value)
{
    int32_t group = cell >= 0 ? cell : frames->groups[frames->offsets[~cell]];
    now->sums->selfs[group] += value;
}

/* 0 where that is too many frames. */
static int add_sample(walking *now, const cells *of, const fb_sample *sample, size_t place)
{
    const uint8_t *at = sample->ids, *end = sample->ids_end;
    const int32_t *table = of->cells;
    const int is_dense = of->ids->table != NULL;
    const uint64_t value = (uint64_t)sample->value;
    const uint32_t mark = (uint32_t)place + 1;
    fb_sums *sums = now->sums;
    uint64_t depth = 0, id;
    int is_leaf = 1;
    if (at == end) {
        sums->no_stack += value;
        return 1;
    }
    while (at < end) {
        at = fb_checked_id(at, &id);
        int32_t cell = table[is_dense ? (size_t)id : (size_t)fb_ids_search(of->ids, id)];
        if (is_leaf) {
            add_self(now, of->frames, cell, value);
            is_leaf = 0;
        }
        depth++;
        if (cell >= 0)
            add(sums, cell, value, mark);
        else if (!add_list(now, of->frames, (size_t)~cell, value, mark, &depth))
            return 0;
    }
    return counted(now, depth);
}

fb_code fb_reduce(const fb_profile *profile, size_t column, const fb_frames *frames, fb_sums *sums,
                  fb_error *error)
{
    cells of = {0};
    fb_sample sample = {0};
    walking now = {&profile->limits, fb_most_frames(&profile->limits, profile->entries), sums, 0};
    fb_fail(error, FB_OK, 0, 0, 0);
    if (profile->column[column].is_beyond)
        return fb_fail(error, FB_OVERFLOW, 0, 0, 0);
    sample.scratch = malloc(profile->largest_sample + 1);
    if (!sample.scratch || !start_cells(&of, frames, &profile->location_ids))
        fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    for (size_t i = 0; !error->code && i < profile->samples; i++) {
        fb_read_sample(profile, i, column, &sample);
        if (sample.value && !add_sample(&now, &of, &sample, i))
            fb_refuse_frames(profile, column, frames, error);
    }
    free(sample.scratch);
    free(of.cells);
    return error->code;
}

static int add_row(walking *now, const fb_frames *frames, const int32_t *table, const fb_stacks_of *stacks,
                       size_t place)
{
    int64_t at = stacks->stack_offsets[place], end = stacks->stack_offsets[place + 1];
    uint64_t value = (uint64_t)stacks->values[place], depth = 0;
    if (at == end)
        now->sums->no_stack += value;
    else
        add_self(now, frames, table[stacks->stack_locations[at]], value);
    for (; at < end; at++) {
        int32_t cell = table[stacks->stack_locations[at]];
        depth++;
        if (cell >= 0)
            add(now->sums, cell, value, (uint32_t)place + 1);
        else if (!add_list(now, frames, (size_t)~cell, value, (uint32_t)place + 1, &depth))
            return 0;
    }
    return counted(now, depth);
}

fb_code fb_reduce_arrays(const fb_stacks_of *stacks, const fb_limits *limits, const fb_frames *frames,
                         fb_sums *sums, fb_error *error)
{
    int32_t *table = cells_of(frames);
    uint64_t entries = (uint64_t)stacks->stack_offsets[stacks->samples];
    walking now = {limits, fb_most_frames(limits, entries), sums, 0};
    fb_fail(error, FB_OK, 0, 0, 0);
    if (!table)
        fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    if (!error->code)
        fb_refuse_overflow_of(stacks, error);
    for (size_t i = 0; !error->code && i < stacks->samples; i++)
        if (stacks->values[i] && !add_row(&now, frames, table, stacks, i))
            fb_refuse_frames_of(stacks, limits, frames, error);
    free(table);
    return error->code;
}
