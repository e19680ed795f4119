/* Call tries: grown from samples or from other tries, and put into their one order. */
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "ids.h"
#include "samples.h"

#define FB_NO_NODE UINT32_MAX
#define FB_FIRST_ROOM 1024

fb_code fb_trie_start(fb_trie *trie)
{
    memset(trie, 0, sizeof *trie);
    trie->room = FB_FIRST_ROOM;
    trie->mask = 2 * FB_FIRST_ROOM - 1;
    trie->parents = malloc(trie->room * sizeof *trie->parents);
    trie->functions = malloc(trie->room * sizeof *trie->functions);
    trie->selfs = malloc(trie->room * sizeof *trie->selfs);
    trie->slots = calloc(trie->mask + 1, sizeof *trie->slots);
    return trie->parents && trie->functions && trie->selfs && trie->slots ? FB_OK : FB_NO_MEMORY;
}

void fb_trie_free(fb_trie *trie)
{
    free(trie->parents);
    free(trie->functions);
    free(trie->selfs);
    free(trie->slots);
    memset(trie, 0, sizeof *trie);
}

static size_t first_slot(const fb_trie *trie, int32_t parent, int32_t function)
{
    return (size_t)fb_mix((uint64_t)(uint32_t)parent << 32 | (uint32_t)function, 3) & trie->mask;
}

static int grow_column(void **column, size_t room, size_t size)
{
    void *made = realloc(*column, room * size);
    if (made)
        *column = made;
    return made != NULL;
}

static fb_code enlarge(fb_trie *trie)
{
    size_t room = 2 * trie->room;
    void *parents = trie->parents, *functions = trie->functions, *selfs = trie->selfs;
    uint32_t *slots = calloc(2 * room, sizeof *slots);
    int is_grown = grow_column(&parents, room, sizeof *trie->parents);
    is_grown &= grow_column(&functions, room, sizeof *trie->functions);
    is_grown &= grow_column(&selfs, room, sizeof *trie->selfs);
    trie->parents = parents;
    trie->functions = functions;
    trie->selfs = selfs;
    if (!slots || !is_grown) {
        free(slots);
        return FB_NO_MEMORY;
    }
    free(trie->slots);
    trie->slots = slots;
    trie->room = room;
    trie->mask = 2 * room - 1;
    for (size_t node = 0; node < trie->nodes; node++) {
        size_t slot = first_slot(trie, trie->parents[node], trie->functions[node]);
        while (trie->slots[slot])
            slot = (slot + 1) & trie->mask;
        trie->slots[slot] = (uint32_t)node + 1;
    }
    return FB_OK;
}

/* The node of a function below a parent (-1: outermost); FB_NO_NODE where there is no memory for it. */
static uint32_t child(fb_trie *trie, int32_t parent, int32_t function)
{
    size_t slot = first_slot(trie, parent, function);
    for (; trie->slots[slot]; slot = (slot + 1) & trie->mask) {
        uint32_t node = trie->slots[slot] - 1;
        if (trie->parents[node] == parent && trie->functions[node] == function)
            return node;
    }
    if (trie->nodes == trie->room) {
        if (trie->nodes > INT32_MAX / 4 || enlarge(trie))
            return FB_NO_NODE;
        return child(trie, parent, function);
    }
    trie->parents[trie->nodes] = parent;
    trie->functions[trie->nodes] = function;
    trie->selfs[trie->nodes] = 0;
    trie->slots[slot] = (uint32_t)++trie->nodes;
    return (uint32_t)trie->nodes - 1;
}

/* One stack after another: the frames of a stack, leaf first, and where the last one went. */
typedef struct {
    fb_trie *trie;
    const fb_limits *limits;
    uint64_t most;                   /* frames of all stacks together */
    uint64_t walked;
    int32_t *groups;                 /* limits->stack_frames of them */
    size_t depth;
    int32_t *path_groups, *path_nodes; /* from the root */
    size_t path;
} growing;

static int start_growing(growing *now)
{
    size_t most = (size_t)now->limits->stack_frames + 1;
    now->groups = malloc(most * sizeof *now->groups);
    now->path_groups = malloc(most * sizeof *now->path_groups);
    now->path_nodes = malloc(most * sizeof *now->path_nodes);
    return now->groups && now->path_groups && now->path_nodes;
}

static void stop_growing(growing *now)
{
    free(now->groups);
    free(now->path_groups);
    free(now->path_nodes);
}

/* Beyond the bound frames are only counted. */
static void push_location(growing *now, const fb_frames *frames, int32_t location)
{
    int64_t start = frames->offsets[location], end = frames->offsets[location + 1];
    if ((uint64_t)(end - start) + now->depth > now->limits->stack_frames)
        now->depth += (size_t)(end - start);
    else
        for (; start < end; start++)
            now->groups[now->depth++] = frames->groups[start];
}

/* Below the part of the path that this stack shares with the one before it, node by node. */
static fb_code plant(growing *now, int64_t value)
{
    size_t at = 0, depth = now->depth;
    int32_t node = -1;
    now->walked += depth;
    if (depth > now->limits->stack_frames || now->walked > now->most)
        return FB_MANY_FRAMES;
    if (!depth) {
        now->trie->no_stack += (uint64_t)value;
        return FB_OK;
    }
    for (; at < depth && at < now->path && now->path_groups[at] == now->groups[depth - 1 - at]; at++)
        node = now->path_nodes[at];
    for (; at < depth; at++) {
        int32_t group = now->groups[depth - 1 - at];
        uint32_t below = child(now->trie, node, group);
        if (below == FB_NO_NODE)
            return FB_NO_MEMORY;
        if (now->trie->nodes > now->limits->nodes)
            return FB_MANY_NODES;
        now->path_groups[at] = group;
        now->path_nodes[at] = node = (int32_t)below;
    }
    now->path = depth;
    now->trie->selfs[node] += (uint64_t)value;
    return FB_OK;
}

static fb_code grow_samples(growing *now, const fb_profile *profile, size_t column, const fb_frames *frames)
{
    fb_sample sample = {0};
    fb_code code = FB_OK;
    if (!(sample.scratch = malloc(profile->largest_sample + 1)))
        return FB_NO_MEMORY;
    for (size_t i = 0; !code && i < profile->samples; i++) {
        fb_read_sample(profile, i, column, &sample);
        if (!sample.value)
            continue;
        now->depth = 0;
        for (const uint8_t *at = sample.ids; at < sample.ids_end;) {
            uint64_t id;
            at = fb_checked_id(at, &id);
            push_location(now, frames, fb_ids_find(&profile->location_ids, id));
        }
        code = plant(now, sample.value);
    }
    free(sample.scratch);
    return code;
}

fb_code fb_trie_grow(fb_trie *trie, const fb_profile *profile, size_t column, const fb_frames *frames,
                     fb_error *error)
{
    growing now = {trie, &profile->limits, fb_most_frames(&profile->limits, profile->entries), 0,
                   NULL, 0, NULL, NULL, 0};
    fb_fail(error, FB_OK, 0, 0, 0);
    if (profile->column[column].is_beyond)
        return fb_fail(error, FB_OVERFLOW, 0, 0, 0);
    if (fb_refuse_negative(profile, column, error))
        return error->code;
    fb_code code = start_growing(&now) ? grow_samples(&now, profile, column, frames) : FB_NO_MEMORY;
    stop_growing(&now);
    /* Frames are refused before nodes, wherever either is first met. */
    if ((code == FB_MANY_FRAMES || code == FB_MANY_NODES) && fb_refuse_frames(profile, column, frames, error))
        return error->code;
    return fb_fail(error, code, 0, 0, 0);
}

static fb_code grow_rows(growing *now, const fb_stacks_of *stacks, const fb_frames *frames)
{
    fb_code code = FB_OK;
    for (size_t i = 0; !code && i < stacks->samples; i++) {
        if (!stacks->values[i])
            continue;
        now->depth = 0;
        for (int64_t at = stacks->stack_offsets[i]; at < stacks->stack_offsets[i + 1]; at++)
            push_location(now, frames, stacks->stack_locations[at]);
        code = plant(now, stacks->values[i]);
    }
    return code;
}

fb_code fb_trie_grow_arrays(fb_trie *trie, const fb_stacks_of *stacks, const fb_limits *limits,
                            const fb_frames *frames, fb_error *error)
{
    uint64_t entries = (uint64_t)stacks->stack_offsets[stacks->samples];
    growing now = {trie, limits, fb_most_frames(limits, entries), 0, NULL, 0, NULL, NULL, 0};
    fb_fail(error, FB_OK, 0, 0, 0);
    if (fb_refuse_overflow_of(stacks, error) || fb_refuse_negative_of(stacks, error))
        return error->code;
    fb_code code = start_growing(&now) ? grow_rows(&now, stacks, frames) : FB_NO_MEMORY;
    stop_growing(&now);
    if ((code == FB_MANY_FRAMES || code == FB_MANY_NODES) && fb_refuse_frames_of(stacks, limits, frames, error))
        return error->code;
    return fb_fail(error, code, 0, 0, 0);
}

fb_code fb_trie_merge(fb_trie *trie, size_t nodes, const int32_t *parents, const int32_t *functions,
                      const int64_t *selfs, size_t keys, const int32_t *renumbered, fb_error *error)
{
    int32_t *placed = malloc((nodes ? nodes : 1) * sizeof *placed);
    fb_fail(error, FB_OK, 0, 0, 0);
    if (!placed)
        return fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    for (size_t node = 0; node < nodes; node++) {
        int32_t parent = parents[node];
        if (parent < -1 || parent >= (int64_t)node || functions[node] < 0 ||
            (size_t)functions[node] >= keys) {
            fb_fail(error, FB_NOT_A_TREE, (int64_t)node, 0, 0);
            break;
        }
        uint32_t place = child(trie, parent < 0 ? -1 : placed[parent], renumbered[functions[node]]);
        if (place == FB_NO_NODE) {
            fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
            break;
        }
        placed[node] = (int32_t)place;
        trie->selfs[place] += (uint64_t)selfs[node];
    }
    free(placed);
    return error->code;
}
