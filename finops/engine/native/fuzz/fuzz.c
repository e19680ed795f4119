/* What a fuzzer calls: inflated bytes through all of the core, as the wrapper would. No Python.
 *
 * With clang: -fsanitize=fuzzer,address,undefined. Without: -DFB_MUTATE, where a main of its own damages the
 * files it is given, as often as it is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../core/fb.h"
#include "../core/wire.h"

/* A profile of a few kilobytes that takes longer than this was made to hurt, and does. */
#define SLOWEST_SECONDS 2

static const fb_limits LIMITS = {1u << 20, 1u << 20, 1u << 12, 1u << 22, 1u << 18, 16, 1u << 12};

static void check(int is_true)
{
    if (!is_true)
        abort();
}

static void walk_columns(const fb_profile *profile)
{
    size_t values = profile->samples * profile->value_types;
    int64_t *all = malloc((values + 1) * sizeof *all);
    int64_t *offsets = malloc((profile->samples + 1) * sizeof *offsets);
    int32_t *locations = malloc((profile->entries + 1) * sizeof *locations);
    fb_label *labels = malloc((profile->labels + 1) * sizeof *labels);
    if (all && offsets && locations && labels) {
        fb_values(profile, all);
        fb_stacks(profile, offsets, locations);
        fb_labels(profile, labels);
        check(offsets[profile->samples] == (int64_t)profile->entries);
        for (size_t i = 0; i < profile->entries; i++)
            check(locations[i] >= 0 && (size_t)locations[i] < profile->locations);
    }
    free(all);
    free(offsets);
    free(locations);
    free(labels);
}

static void walk_trie(const fb_profile *profile, size_t column, const fb_frames *frames, const int32_t *ranks)
{
    fb_trie trie, twice;
    fb_error error;
    check(fb_trie_start(&trie) == FB_OK && fb_trie_start(&twice) == FB_OK);
    if (!fb_trie_grow(&trie, profile, column, frames, &error)) {
        size_t nodes = trie.nodes + 1;
        int32_t *parents = malloc(nodes * sizeof *parents), *functions = malloc(nodes * sizeof *functions);
        int64_t *selfs = malloc(nodes * sizeof *selfs), *sums = calloc(2 * frames->count + 1, sizeof *sums);
        check(parents && functions && selfs && sums);
        check(fb_trie_canonical(&trie, ranks, frames->count, parents, functions, selfs) == FB_OK);
        check(fb_trie_totals(trie.nodes, parents, functions, selfs, frames->count, sums, sums + frames->count,
                             &error) == FB_OK);
        check(fb_trie_merge(&twice, trie.nodes, parents, functions, selfs, frames->count, ranks, &error) ==
              FB_OK);
        check(twice.nodes == trie.nodes);
        free(parents);
        free(functions);
        free(selfs);
        free(sums);
    }
    fb_trie_free(&trie);
    fb_trie_free(&twice);
}

static void walk_sums(const fb_profile *profile, size_t column, const fb_frames *frames)
{
    fb_error error;
    fb_sums sums = {calloc(frames->count + 1, 8), calloc(frames->count + 1, 8), calloc(frames->count + 1, 4), 0};
    check(sums.selfs && sums.totals && sums.met);
    if (!fb_reduce(profile, column, frames, &sums, &error)) {
        uint64_t all = sums.no_stack;
        for (size_t i = 0; i < frames->count; i++)
            all += sums.selfs[i];
        check(all == profile->column[column].sum); /* nothing is lost */
    }
    free(sums.selfs);
    free(sums.totals);
    free(sums.met);
}

static void walk(const fb_profile *profile)
{
    walk_columns(profile);
    for (int by_file = 0; by_file < 2; by_file++) {
        fb_frames frames;
        check(fb_name_frames(profile, by_file, &frames) == FB_OK);
        int32_t *order = malloc((frames.count + 1) * sizeof *order);
        int32_t *ranks = malloc((frames.count + 1) * sizeof *ranks);
        check(order && ranks);
        for (size_t i = 0; i < frames.count; i++)
            order[i] = (int32_t)i;
        check(fb_sort_groups(&frames, order, frames.count) == FB_OK);
        for (size_t i = 0; i < frames.count; i++)
            ranks[order[i]] = (int32_t)i;
        for (size_t column = 0; column < profile->value_types && column < 3; column++) {
            walk_sums(profile, column, &frames);
            walk_trie(profile, column, &frames, ranks);
        }
        free(order);
        free(ranks);
        fb_free_frames(&frames);
    }
}

static fb_code read_one(const uint8_t *data, size_t size)
{
    fb_profile profile;
    fb_error error;
    fb_code code = fb_parse(&profile, data, size, &LIMITS, &error);
    check(error.code == code);
    if (!code)
        walk(&profile);
    fb_free(&profile);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_one(data, size);
    return 0;
}

#ifdef FB_MUTATE

static uint64_t state = 1;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? state % below : 0;
}

/* The field after some others, at random; NULL where there is none. */
static const uint8_t *any_field(const uint8_t *at, const uint8_t *end, fb_field *field)
{
    uint64_t count = 0;
    const uint8_t *next = at;
    fb_code code;
    while (next < end && (next = fb_next(next, end, field, &code)))
        count++;
    if (!count)
        return NULL;
    for (count = draw(count) + 1; count; count--)
        at = fb_next(at, end, field, &code);
    return at;
}

/* Another number or letter in a field at any depth, in as many bytes: all fields stay whole. */
static void wound_inside(uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    for (int depth = 0; depth < 3; depth++) {
        fb_field field = {0};
        if (!(at = any_field(at, end, &field)))
            return;
        size_t place = (size_t)(at - data) - 1;
        if (field.wire == FB_BYTES && field.size && draw(3)) {
            at = field.data;
            end = field.data + field.size;
            continue;
        }
        if (field.wire == FB_BYTES && field.size)
            place = (size_t)(field.data - data) + (size_t)draw(field.size);
        if (field.wire == FB_VARINT || field.size)
            data[place] = (uint8_t)((data[place] & 128) | draw(128));
        return;
    }
}

static size_t wound(uint8_t *data, size_t size, size_t room)
{
    static const uint8_t telling[] = {0, 1, 2, 8, 10, 18, 127, 128, 255};
    size_t at = (size_t)draw(size + 1), kind = (size_t)draw(10), count = 1 + (size_t)draw(5);
    if (kind < 6 && at < size) {
        data[at] = draw(2) ? telling[draw(sizeof telling)] : (uint8_t)draw(256);
    } else if (kind < 8 && at < size) {
        count = count < size - at ? count : size - at;
        memmove(data + at, data + at + count, size - at - count);
        size -= count;
    } else if (kind < 9 && size + count <= room) {
        memmove(data + at + count, data + at, size - at);
        for (size_t i = 0; i < count; i++)
            data[at + i] = (uint8_t)draw(256);
        size += count;
    } else if (kind == 9) {
        size = at;
    }
    return size;
}

/* One mutant, in memory of just its size, so that a byte read beyond it is seen. */
static fb_code try_one(const uint8_t *profile, size_t size)
{
    size_t room = size + 64, wounds = 1 + (size_t)draw(3);
    int is_whole = draw(4) != 0;
    uint8_t *made = malloc(room), *exact;
    clock_t start = clock();
    check(made != NULL);
    memcpy(made, profile, size);
    while (wounds--)
        if (is_whole)
            wound_inside(made, size);
        else
            size = wound(made, size, room);
    exact = malloc(size ? size : 1);
    check(exact != NULL);
    memcpy(exact, made, size);
    fb_code code = read_one(exact, size);
    free(exact);
    free(made);
    check(clock() - start < SLOWEST_SECONDS * CLOCKS_PER_SEC);
    return code;
}

int main(int count, char **words)
{
    long mutants = count > 2 ? strtol(words[1], NULL, 10) : 0, accepted = 0, malformed = 0;
    if (count < 4) {
        fprintf(stderr, "usage: fuzz MUTANTS SEED FILE...\n");
        return 2;
    }
    state = (uint64_t)strtoull(words[2], NULL, 10) * 2654435761u + 88172645463325252u;
    for (long i = 0; i < mutants; i++) {
        static uint8_t profile[1 << 20];
        FILE *file = fopen(words[3 + i % (count - 3)], "rb");
        check(file != NULL);
        size_t size = fread(profile, 1, sizeof profile, file);
        fclose(file);
        fb_code code = try_one(profile, size);
        accepted += code == FB_OK;
        malformed += code == FB_BROKEN || code == FB_WRONG_WIRE;
    }
    /* Whatever else there is to find ends this process. */
    printf("%ld mutants of %d files, %ld reached the walker, %ld accepted, %ld refused, 0 slow, 0 crashed\n",
           mutants, count - 3, mutants - malformed, accepted, mutants - accepted);
    return 0;
}

#endif
