/* The core of the engine: pprof bytes to columns, self and total, call tries. No Python in it.
 *
 * The one rule: no byte of a profile is trusted. Every read is bounded by the record it is in, every index
 * is checked before it is used, also in records that nothing refers to, and what is refused is refused
 * with a code, never with a crash. What was parsed once is not checked again: the bytes must not change
 * while an fb_profile lives.
 */
#ifndef FB_H
#define FB_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    FB_OK = 0,
    FB_NO_MEMORY,
    FB_BROKEN,           /* the protobuf encoding is broken */
    FB_WRONG_WIRE,       /* a known field in the wrong wire form, or a group */
    FB_NO_STRINGS,       /* there is no string table */
    FB_FIRST_STRING,     /* its first string is not empty */
    FB_BAD_STRING,       /* a: the index, b: how many strings there are */
    FB_TWO_TIMES,        /* two times of collection: several profiles glued together */
    FB_RESERVED_ID,      /* a: the kind of table */
    FB_SAME_ID,          /* a: the kind of table, b: the id */
    FB_NO_FUNCTION,      /* a: the id of the location, one line of which has no function */
    FB_VALUE_COUNT,      /* a: the sample, b: how many values it has, c: how many types there are */
    FB_NO_TYPES,         /* samples without types of values */
    FB_NO_LOCATION,      /* a: the sample, b: the id that is not there */
    FB_DEEP_STACK,       /* a: the sample, b: how many frames */
    FB_MANY_FRAMES,      /* a: how many entries all stacks have, b: how many frames, c: how many they may */
    FB_MANY_NODES,       /* the stacks share too little */
    FB_OVERFLOW,         /* the values of a column do not add up within 64 bits */
    FB_NEGATIVE,         /* a: the sample, b: its value */
    FB_MANY_MESSAGES,    /* a: at least how many */
    FB_MANY_STRINGS,     /* a: how many */
    FB_NOT_A_TREE,       /* a: the node whose parent is not where it must be */
} fb_code;

typedef struct {
    fb_code code;
    int64_t a, b, c;
} fb_error;

enum { FB_MAPPING, FB_LOCATION, FB_FUNCTION };

typedef struct {
    uint64_t messages, strings;      /* of the tables and the samples together; of the string table */
    uint64_t stack_frames, frames;   /* of one stack; of all stacks together */
    uint64_t free_frames, inlined;   /* beyond the free ones, so many for each entry of a stack in the mean */
    uint64_t nodes;                  /* of the call trie of one profile */
} fb_limits;

typedef struct {
    const uint8_t *data;
    size_t size;
} fb_text;

typedef struct {
    int64_t type, unit;
} fb_value_type;

typedef struct {
    uint64_t id, start, limit, offset;
    int64_t file, build_id;
    uint8_t flags[4];
} fb_mapping;

typedef struct {
    uint64_t id, mapping_id, address;
    uint32_t lines;                  /* how many; they follow those of the location before it */
    int32_t mapping;                 /* -1: none */
    uint8_t is_folded;
} fb_location;

typedef struct {
    uint64_t id;
    int64_t name, system_name, file, start_line;
} fb_function;

typedef struct {
    uint64_t function_id;
    int64_t number;
} fb_line;

/* From ids of any size to places in a table. */
typedef struct {
    uint64_t largest;
    size_t count;
    int32_t *table;                  /* by id, -1 where there is none; NULL where ids are sparse */
    uint64_t *slots;                 /* open addressing: ids, 0 for empty */
    int32_t *places;
    size_t mask;
} fb_ids;

/* What is known of one column of values without looking at samples again. */
typedef struct {
    int64_t least;
    uint64_t sum, weight;            /* of the values; of their sizes without sign, at most 2^63 - 1 */
    uint8_t is_beyond;               /* the sum of the absolute values is above 2^63 - 1 */
} fb_column;

typedef struct {
    const uint8_t *raw;
    size_t size;
    fb_limits limits;
    size_t value_types, period_types, samples, mappings, locations, functions, lines, strings, comments;
    fb_value_type *value_type, *period_type;
    uint32_t *sample;                /* where the content of each sample starts */
    uint32_t *sample_size;
    fb_mapping *mapping;
    fb_location *location;
    fb_function *function;
    fb_line *line;
    size_t line_room;
    int32_t *line_function;          /* the place of each line's function */
    fb_text *string;
    int64_t *comment;
    fb_ids mapping_ids, location_ids, function_ids;
    int64_t drop_frames, keep_frames, time_nanos, duration_nanos, period, default_type, doc_url;
    size_t entries, labels;          /* of all stacks; that count, of all samples */
    size_t largest_sample;           /* in bytes */
    int is_orderly;                  /* no sample names locations behind its values */
    fb_column *column;
    size_t broken_strings;           /* how many are not UTF-8; their texts may be replaced after parsing */
} fb_profile;

/* What hashes are mixed with, so that nobody can choose names that collide. Set once, before anything. */
void fb_seed(uint64_t first, uint64_t second);

fb_code fb_parse(fb_profile *profile, const uint8_t *raw, size_t size, const fb_limits *limits, fb_error *error);
void fb_free(fb_profile *profile);

/* Whether bytes are UTF-8 as Python reads it: no surrogates, nothing over-long. */
int fb_is_utf8(const uint8_t *data, size_t size);

/* Columns of all samples; the arrays are as large as the counts in the profile say. */
void fb_values(const fb_profile *profile, int64_t *values);
void fb_value_column(const fb_profile *profile, size_t column, int64_t *values);
void fb_stacks(const fb_profile *profile, int64_t *offsets, int32_t *locations);
typedef struct {
    int64_t sample, key, text, number, unit;
} fb_label;
void fb_labels(const fb_profile *profile, fb_label *labels);

/* What frames are added up by: groups with a name and a file, and the group of each frame of each location.
 * Location j's frames are groups[offsets[j] .. offsets[j + 1]), innermost first, at least one. */
typedef struct {
    size_t locations, frames, count;
    int64_t *offsets;
    int32_t *groups;
    fb_text *names, *files;          /* of each group */
    uint8_t *made;                   /* the names of binaries */
} fb_frames;

fb_code fb_name_frames(const fb_profile *profile, int by_file, fb_frames *frames);
void fb_free_frames(fb_frames *frames);

/* The places of some groups in the order of name, then file, as bytes. */
fb_code fb_sort_groups(const fb_frames *frames, int32_t *order, size_t count);

/* Samples as arrays, for profiles that did not come from pprof bytes. */
typedef struct {
    size_t samples;
    const int64_t *values;           /* one column, all samples */
    const int64_t *stack_offsets;
    const int32_t *stack_locations;
} fb_stacks_of;

/* One value per group, how many samples were looked at, and what had no stack. */
typedef struct {
    uint64_t *selfs, *totals;
    uint32_t *met;                   /* 0 where no sample with a value has the group */
    uint64_t no_stack;
} fb_sums;

fb_code fb_reduce(const fb_profile *profile, size_t column, const fb_frames *frames, fb_sums *sums,
                  fb_error *error);
fb_code fb_reduce_arrays(const fb_stacks_of *stacks, const fb_limits *limits, const fb_frames *frames,
                         fb_sums *sums, fb_error *error);

/* A call trie that grows: parents stand before their children. */
typedef struct {
    size_t nodes, room;
    int32_t *parents, *functions;
    uint64_t *selfs;
    uint64_t no_stack;
    uint32_t *slots;                 /* open addressing over (parent, function): node + 1 */
    size_t mask;
} fb_trie;

fb_code fb_trie_start(fb_trie *trie);
void fb_trie_free(fb_trie *trie);
fb_code fb_trie_grow(fb_trie *trie, const fb_profile *profile, size_t column, const fb_frames *frames,
                     fb_error *error);
fb_code fb_trie_grow_arrays(fb_trie *trie, const fb_stacks_of *stacks, const fb_limits *limits,
                            const fb_frames *frames, fb_error *error);
fb_code fb_trie_merge(fb_trie *trie, size_t nodes, const int32_t *parents, const int32_t *functions,
                      const int64_t *selfs, size_t keys, const int32_t *renumbered, fb_error *error);
/* The trie depth first, children in the order of ranks[function], of which there are keys; arrays of
 * trie->nodes. Functions become their ranks. */
fb_code fb_trie_canonical(const fb_trie *trie, const int32_t *ranks, size_t keys, int32_t *parents,
                          int32_t *functions, int64_t *selfs);
fb_code fb_subtree_sums(size_t nodes, const int32_t *parents, const int64_t *selfs, int64_t *sums,
                        fb_error *error);
fb_code fb_trie_totals(size_t nodes, const int32_t *parents, const int32_t *functions, const int64_t *selfs,
                       size_t keys, int64_t *key_selfs, int64_t *key_totals, fb_error *error);

/* Columns of whole numbers from 0 up, narrowed and byte-shuffled, as usage blocks hold them. */
uint64_t fb_divisor(uint64_t so_far, const int64_t *numbers, size_t count);
size_t fb_width(const int64_t *numbers, size_t count);
void fb_shuffle(const int64_t *numbers, size_t count, size_t width, uint8_t *out);
void fb_unshuffle(const uint8_t *bytes, size_t count, size_t width, int64_t *out);

/* amount in proportion to weights, by largest remainder, ties to the first. The weights are not negative, not
 * all 0, and add up within 63 bits. */
fb_code fb_divide(uint64_t amount, const int64_t *weights, size_t count, int64_t *parts);

#endif
