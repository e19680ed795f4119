/* Groups in the order of their names, then files, byte by byte.
 *
 * Names of one program share their beginnings, so that comparing them whole reads the same bytes again and
 * again. Here eight bytes are looked at at a time, for all names at once (quicksort by three, as for
 * numbers); what is left over, equal names and what quicksort is bad at, is merged.
 */
#include <stdlib.h>
#include <string.h>

#include "fb.h"

#define FB_FEW 12

typedef struct {
    uint64_t part;                   /* eight bytes of the name, first byte highest */
    int32_t group;
} keyed;

typedef struct {
    size_t start, end, depth;        /* rows whose names are equal up to depth */
    unsigned turns;                  /* left before it is merged */
} span;

typedef struct {
    const fb_frames *frames;
    keyed *rows, *other;
    span *waiting;
    size_t spans, room;
} sorting;

static int compare(const fb_text *one, const fb_text *other)
{
    size_t shorter = one->size < other->size ? one->size : other->size;
    int order = shorter ? memcmp(one->data, other->data, shorter) : 0;
    return order ? order : (one->size > other->size) - (one->size < other->size);
}

static int is_after(const fb_frames *frames, int32_t one, int32_t other)
{
    int order = compare(&frames->names[one], &frames->names[other]);
    return order ? order > 0 : compare(&frames->files[one], &frames->files[other]) > 0;
}

static void merge_rows(sorting *now, size_t first, size_t count)
{
    keyed *from = now->rows + first, *to = now->other + first;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = middle + width < count ? middle + width : count;
            size_t left = start, right = middle;
            for (size_t at = start; at < end; at++) {
                int takes_right = left >= middle || (right < end && is_after(now->frames, from[left].group,
                                                                             from[right].group));
                to[at] = takes_right ? from[right++] : from[left++];
            }
        }
        keyed *swap = from;
        from = to;
        to = swap;
    }
    if (from != now->rows + first)
        memcpy(now->rows + first, from, count * sizeof *from);
}

static uint64_t part_at(const fb_text *name, size_t depth)
{
    uint64_t part = 0;
    for (size_t i = depth; i < depth + 8 && i < name->size; i++)
        part |= (uint64_t)name->data[i] << (8 * (7 - (i - depth)));
    return part;
}

static int push(sorting *now, size_t start, size_t end, size_t depth, unsigned turns)
{
    if (end - start < 2)
        return 1;
    if (now->spans == now->room) {
        span *grown = realloc(now->waiting, 2 * now->room * sizeof *grown);
        if (!grown)
            return 0;
        now->waiting = grown;
        now->room *= 2;
    }
    now->waiting[now->spans++] = (span){start, end, depth, turns};
    return 1;
}

/* Rows whose next eight bytes are equal too. */
static int push_equal(sorting *now, size_t start, size_t end, size_t depth)
{
    int are_longer = 1;
    for (size_t i = start; i < end && are_longer; i++)
        are_longer = now->frames->names[now->rows[i].group].size > depth + 8;
    for (size_t i = start; i < end && are_longer; i++)
        now->rows[i].part = part_at(&now->frames->names[now->rows[i].group], depth + 8);
    /* A name that ends here is padded with what could be its own bytes: that is for a whole comparison. */
    return push(now, start, end, depth + 8, are_longer ? 64 : 0);
}

static uint64_t middle_of(const keyed *rows, const span *of)
{
    uint64_t one = rows[of->start].part, two = rows[of->start + (of->end - of->start) / 2].part;
    uint64_t three = rows[of->end - 1].part;
    if (one > two) {
        uint64_t swap = one;
        one = two;
        two = swap;
    }
    return three < one ? one : three < two ? three : two;
}

static int split(sorting *now, const span *of)
{
    keyed *rows = now->rows;
    uint64_t pivot = middle_of(rows, of);
    size_t less = of->start, at = of->start, more = of->end;
    while (at < more) {
        keyed row = rows[at];
        if (row.part < pivot) {
            rows[at++] = rows[less];
            rows[less++] = row;
        } else if (row.part > pivot) {
            rows[at] = rows[--more];
            rows[more] = row;
        } else {
            at++;
        }
    }
    return push(now, of->start, less, of->depth, of->turns - 1) && push_equal(now, less, more, of->depth) &&
           push(now, more, of->end, of->depth, of->turns - 1);
}

fb_code fb_sort_groups(const fb_frames *frames, int32_t *order, size_t count)
{
    sorting now = {frames, malloc((count + 1) * sizeof *now.rows), malloc((count + 1) * sizeof *now.other),
                   malloc(64 * sizeof *now.waiting), 0, 64};
    int is_fine = now.rows && now.other && now.waiting;
    for (size_t i = 0; is_fine && i < count; i++)
        now.rows[i] = (keyed){part_at(&frames->names[order[i]], 0), order[i]};
    is_fine = is_fine && push(&now, 0, count, 0, 64);
    while (is_fine && now.spans) {
        span of = now.waiting[--now.spans];
        if (of.turns && of.end - of.start > FB_FEW)
            is_fine = split(&now, &of);
        else
            merge_rows(&now, of.start, of.end - of.start);
    }
    for (size_t i = 0; is_fine && i < count; i++)
        order[i] = now.rows[i].group;
    free(now.rows);
    free(now.other);
    free(now.waiting);
    return is_fine ? FB_OK : FB_NO_MEMORY;
}
