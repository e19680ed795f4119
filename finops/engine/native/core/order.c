/* The one order of a call trie, and what is added up along it. */
#include <stdlib.h>
#include <string.h>

#include "wire.h"

/* The children of each node side by side, in the order of their ranks; those of none come first. */
typedef struct {
    int32_t *children;
    size_t *starts;                  /* by parent + 1; one more at the end */
} families;

static void by_rank(const fb_trie *trie, const int32_t *ranks, size_t keys, size_t *starts, int32_t *order)
{
    memset(starts, 0, (keys + 1) * sizeof *starts);
    for (size_t node = 0; node < trie->nodes; node++)
        starts[ranks[trie->functions[node]] + 1]++;
    for (size_t i = 0; i < keys; i++)
        starts[i + 1] += starts[i];
    for (size_t node = 0; node < trie->nodes; node++)
        order[starts[ranks[trie->functions[node]]]++] = (int32_t)node;
}

static void by_parent(const fb_trie *trie, const int32_t *order, families *made)
{
    size_t nodes = trie->nodes;
    memset(made->starts, 0, (nodes + 2) * sizeof *made->starts);
    for (size_t node = 0; node < nodes; node++)
        made->starts[trie->parents[node] + 2]++;
    for (size_t i = 0; i < nodes + 1; i++)
        made->starts[i + 1] += made->starts[i];
    for (size_t i = 0; i < nodes; i++)
        made->children[made->starts[trie->parents[order[i]] + 1]++] = order[i];
    /* Each start now is the next one's: shift them back. */
    memmove(made->starts + 1, made->starts, (nodes + 1) * sizeof *made->starts);
    made->starts[0] = 0;
}

static void depth_first(const fb_trie *trie, const families *kin, const int32_t *ranks, int32_t *waiting,
                        int32_t *place, int32_t *parents, int32_t *functions, int64_t *selfs)
{
    size_t depth = 0;
    int32_t count = 0;
    for (size_t i = kin->starts[1]; i > kin->starts[0]; i--)
        waiting[depth++] = kin->children[i - 1];
    while (depth) {
        int32_t node = waiting[--depth], parent = trie->parents[node];
        parents[count] = parent < 0 ? -1 : place[parent];
        functions[count] = ranks[trie->functions[node]];
        selfs[count] = (int64_t)trie->selfs[node];
        place[node] = count++;
        for (size_t i = kin->starts[node + 2]; i > kin->starts[node + 1]; i--)
            waiting[depth++] = kin->children[i - 1];
    }
}

fb_code fb_trie_canonical(const fb_trie *trie, const int32_t *ranks, size_t keys, int32_t *parents,
                          int32_t *functions, int64_t *selfs)
{
    size_t nodes = trie->nodes;
    families kin = {malloc((nodes + 1) * sizeof *kin.children), malloc((nodes + 3) * sizeof *kin.starts)};
    size_t *starts = malloc((keys + 2) * sizeof *starts);
    int32_t *order = malloc((nodes + 1) * sizeof *order), *place = malloc((nodes + 1) * sizeof *place);
    int is_there = kin.children && kin.starts && starts && order && place;
    if (is_there) {
        by_rank(trie, ranks, keys, starts, order);
        by_parent(trie, order, &kin);
        depth_first(trie, &kin, ranks, order, place, parents, functions, selfs);
    }
    free(kin.children);
    free(kin.starts);
    free(starts);
    free(order);
    free(place);
    return is_there ? FB_OK : FB_NO_MEMORY;
}

fb_code fb_subtree_sums(size_t nodes, const int32_t *parents, const int64_t *selfs, int64_t *sums,
                        fb_error *error)
{
    fb_fail(error, FB_OK, 0, 0, 0);
    if (nodes)
        memcpy(sums, selfs, nodes * sizeof *sums);
    for (size_t node = nodes; node-- > 0;) {
        int32_t parent = parents[node];
        if (parent < -1 || parent >= (int64_t)node)
            return fb_fail(error, FB_NOT_A_TREE, (int64_t)node, 0, 0);
        if (parent >= 0)
            sums[parent] = (int64_t)((uint64_t)sums[parent] + (uint64_t)sums[node]);
    }
    return FB_OK;
}

typedef struct {
    int32_t *path;                   /* the nodes from the root to the one at hand */
    uint32_t *open;                  /* how often each function is on the path */
    int64_t *sums;
} climbing;

static fb_code climb(size_t nodes, const int32_t *parents, const int32_t *functions, const int64_t *selfs,
                     size_t keys, int64_t *key_selfs, int64_t *key_totals, climbing *now, fb_error *error)
{
    size_t depth = 0;
    for (size_t node = 0; node < nodes; node++) {
        int32_t function = functions[node];
        while (depth && now->path[depth - 1] != parents[node])
            now->open[functions[now->path[--depth]]]--;
        if (function < 0 || (size_t)function >= keys || (!depth && parents[node] != -1))
            return fb_fail(error, FB_NOT_A_TREE, (int64_t)node, 0, 0);
        key_selfs[function] = (int64_t)((uint64_t)key_selfs[function] + (uint64_t)selfs[node]);
        if (!now->open[function]++) /* a node below another of its function adds nothing */
            key_totals[function] = (int64_t)((uint64_t)key_totals[function] + (uint64_t)now->sums[node]);
        now->path[depth++] = (int32_t)node;
    }
    return FB_OK;
}

fb_code fb_trie_totals(size_t nodes, const int32_t *parents, const int32_t *functions, const int64_t *selfs,
                       size_t keys, int64_t *key_selfs, int64_t *key_totals, fb_error *error)
{
    climbing now = {malloc((nodes + 1) * sizeof *now.path), calloc(keys + 1, sizeof *now.open),
                    malloc((nodes + 1) * sizeof *now.sums)};
    fb_fail(error, FB_OK, 0, 0, 0);
    if (!now.path || !now.open || !now.sums)
        fb_fail(error, FB_NO_MEMORY, 0, 0, 0);
    else if (!fb_subtree_sums(nodes, parents, selfs, now.sums, error))
        climb(nodes, parents, functions, selfs, keys, key_selfs, key_totals, &now, error);
    free(now.path);
    free(now.open);
    free(now.sums);
    return error->code;
}
