/* A call trie that grows, and what is added up along one. */
#include <stdlib.h>
#include <string.h>

#include "wrapper.h"

PyTypeObject *Forest_type;

typedef struct {
    PyObject_HEAD
    fb_trie trie;
    int is_busy;                     /* a thread grows it with the GIL released */
} ForestObject;

static PyObject *forest(PyObject *module, PyObject *nothing)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(Forest_type, Py_tp_alloc);
    ForestObject *self = (ForestObject *)allocate(Forest_type, 0);
    (void)module;
    (void)nothing;
    if (self && fb_trie_start(&self->trie)) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void forget(PyObject *object)
{
    ForestObject *self = (ForestObject *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    fb_trie_free(&self->trie);
    release(object);
    Py_DECREF(type);
}

static int begin(ForestObject *self)
{
    if (self->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "another thread is at this forest");
        return -1;
    }
    self->is_busy = 1;
    return 0;
}

static PyObject *grow(PyObject *object, PyObject *arguments)
{
    ForestObject *self = (ForestObject *)object;
    ProfileObject *profile;
    FramesObject *frames;
    Py_ssize_t column;
    fb_error error;
    if (!PyArg_ParseTuple(arguments, "O!nO!", Profile_type, &profile, &column, Frames_type, &frames))
        return NULL;
    if (column < 0 || (size_t)column >= profile->profile.value_types ||
        frames->frames.locations != profile->profile.locations) {
        PyErr_SetString(PyExc_IndexError, "there is no such column of values, or these are other frames");
        return NULL;
    }
    if (begin(self) < 0)
        return NULL;
    PyThreadState *state = PyEval_SaveThread();
    fb_code code = fb_trie_grow(&self->trie, &profile->profile, (size_t)column, &frames->frames, &error);
    PyEval_RestoreThread(state);
    self->is_busy = 0;
    if (code)
        return refuse(code, &error);
    Py_RETURN_NONE;
}

static PyObject *grow_arrays(PyObject *object, PyObject *arguments)
{
    ForestObject *self = (ForestObject *)object;
    PyObject *values, *offsets, *locations, *limits;
    FramesObject *frames;
    stack_buffers taken;
    fb_limits most;
    fb_error error;
    if (!PyArg_ParseTuple(arguments, "OOOO!O", &values, &offsets, &locations, Frames_type, &frames, &limits) ||
        take_limits(limits, &most) < 0 ||
        take_stacks(values, offsets, locations, frames->frames.locations, &taken) < 0)
        return NULL;
    if (begin(self) < 0) {
        release_stacks(&taken);
        return NULL;
    }
    PyThreadState *state = PyEval_SaveThread();
    fb_code code = fb_trie_grow_arrays(&self->trie, &taken.stacks, &most, &frames->frames, &error);
    PyEval_RestoreThread(state);
    self->is_busy = 0;
    release_stacks(&taken);
    if (code)
        return refuse(code, &error);
    Py_RETURN_NONE;
}

/* Some arrays of 4 or 8 bytes an item, all of one length but the last. */
enum { PARENTS, FUNCTIONS, SELFS, RENUMBERED, COLUMNS };

static void release_columns(Py_buffer *taken, int count)
{
    while (count--)
        PyBuffer_Release(&taken[count]);
}

static int take_columns(PyObject **given, int count, Py_buffer *taken, size_t *nodes, size_t *keys)
{
    static const size_t items[] = {sizeof(int32_t), sizeof(int32_t), sizeof(int64_t), sizeof(int32_t)};
    size_t sizes[COLUMNS] = {0};
    for (int i = 0; i < count; i++)
        if (take_buffer(given[i], items[i], &taken[i], &sizes[i], "a column of a call trie") < 0) {
            release_columns(taken, i);
            return -1;
        }
    *nodes = sizes[PARENTS];
    *keys = sizes[RENUMBERED];
    if (sizes[FUNCTIONS] == *nodes && sizes[SELFS] == *nodes && *nodes < INT32_MAX)
        return 0;
    release_columns(taken, count);
    PyErr_SetString(PyExc_ValueError, "the columns of a call trie differ in length");
    return -1;
}

static int are_numbers(const int32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] < 0)
            return 0;
    return 1;
}

static PyObject *merge(PyObject *object, PyObject *arguments)
{
    ForestObject *self = (ForestObject *)object;
    PyObject *given[COLUMNS];
    Py_buffer taken[COLUMNS];
    long long no_stack;
    size_t nodes, keys;
    fb_error error;
    if (!PyArg_ParseTuple(arguments, "OOOOL", &given[0], &given[1], &given[2], &given[3], &no_stack) ||
        take_columns(given, COLUMNS, taken, &nodes, &keys) < 0)
        return NULL;
    if (!are_numbers(taken[RENUMBERED].buf, keys) || begin(self) < 0) {
        release_columns(taken, COLUMNS);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "a function has a negative number");
        return NULL;
    }
    PyThreadState *state = PyEval_SaveThread();
    fb_code code = fb_trie_merge(&self->trie, nodes, taken[PARENTS].buf, taken[FUNCTIONS].buf,
                                 taken[SELFS].buf, keys, taken[RENUMBERED].buf, &error);
    PyEval_RestoreThread(state);
    self->is_busy = 0;
    release_columns(taken, COLUMNS);
    if (code)
        return refuse(code, &error);
    self->trie.no_stack += (uint64_t)no_stack;
    Py_RETURN_NONE;
}

/* One byte a function: whether a node has it. Functions of nodes are below `count`, or it says no. */
static PyObject *met(PyObject *object, PyObject *arguments)
{
    const ForestObject *self = (const ForestObject *)object;
    Py_ssize_t count;
    void *data;
    if (!PyArg_ParseTuple(arguments, "n", &count))
        return NULL;
    PyObject *made = count < 0 ? NULL : new_array((size_t)count, 1, &data);
    if (!made)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "%zd functions", count);
    memset(data, 0, (size_t)count);
    for (size_t node = 0; node < self->trie.nodes; node++) {
        if (self->trie.functions[node] >= count) {
            Py_DECREF(made);
            return PyErr_Format(PyExc_IndexError, "a node has a function beyond %zd", count);
        }
        ((uint8_t *)data)[self->trie.functions[node]] = 1;
    }
    return made;
}

/* (parents, functions, selfs) depth first; ranks[function] is its place in the order of names. */
static PyObject *canonical(ForestObject *self, const int32_t *ranks, size_t keys)
{
    void *parents, *functions, *selfs;
    size_t nodes = self->trie.nodes;
    PyObject *first = new_array(nodes, sizeof(int32_t), &parents);
    PyObject *second = first ? new_array(nodes, sizeof(int32_t), &functions) : NULL;
    PyObject *third = second ? new_array(nodes, sizeof(int64_t), &selfs) : NULL;
    if (!third || begin(self) < 0) {
        Py_XDECREF(first);
        Py_XDECREF(second);
        Py_XDECREF(third);
        return NULL;
    }
    PyThreadState *state = PyEval_SaveThread();
    fb_code code = fb_trie_canonical(&self->trie, ranks, keys, parents, functions, selfs);
    PyEval_RestoreThread(state);
    self->is_busy = 0;
    if (code) {
        Py_DECREF(first);
        Py_DECREF(second);
        Py_DECREF(third);
        return PyErr_NoMemory();
    }
    return Py_BuildValue("(NNNL)", first, second, third, (long long)self->trie.no_stack);
}

static int reaches(const ForestObject *self, const int32_t *ranks, size_t functions)
{
    for (size_t node = 0; node < self->trie.nodes; node++) {
        size_t function = (size_t)self->trie.functions[node];
        if (function >= functions || ranks[function] < 0 || (size_t)ranks[function] >= functions)
            return 0;
    }
    return 1;
}

static PyObject *ranked(PyObject *object, PyObject *arguments)
{
    ForestObject *self = (ForestObject *)object;
    PyObject *given, *made = NULL;
    Py_buffer ranks;
    size_t functions;
    if (!PyArg_ParseTuple(arguments, "O", &given) ||
        take_buffer(given, sizeof(int32_t), &ranks, &functions, "ranks") < 0)
        return NULL;
    if (reaches(self, ranks.buf, functions))
        made = canonical(self, ranks.buf, functions);
    else
        PyErr_SetString(PyExc_ValueError, "a node's function has no rank");
    PyBuffer_Release(&ranks);
    return made;
}

/* (groups met in order, (parents, functions, selfs, no_stack)) of a forest grown by these frames alone. */
static PyObject *ordered(PyObject *object, PyObject *arguments)
{
    ForestObject *self = (ForestObject *)object;
    FramesObject *frames;
    void *order;
    size_t count = 0;
    if (!PyArg_ParseTuple(arguments, "O!", Frames_type, &frames))
        return NULL;
    size_t groups = frames->frames.count;
    int32_t *ranks = malloc((groups + 1) * sizeof *ranks);
    if (!ranks)
        return PyErr_NoMemory();
    memset(ranks, 0xFF, (groups + 1) * sizeof *ranks);
    for (size_t node = 0; node < self->trie.nodes; node++) {
        size_t group = (size_t)self->trie.functions[node];
        if (group >= groups) {
            free(ranks);
            PyErr_SetString(PyExc_ValueError, "these are other frames than the forest grew by");
            return NULL;
        }
        count += ranks[group] < 0;
        ranks[group] = 0;
    }
    PyObject *found = new_array(count, sizeof(int32_t), &order);
    count = 0;
    for (size_t i = 0; found && i < groups; i++)
        if (!ranks[i])
            ((int32_t *)order)[count++] = (int32_t)i;
    if (found && frames->frames.names && fb_sort_groups(&frames->frames, order, count)) {
        Py_CLEAR(found);
        PyErr_NoMemory();
    }
    for (size_t i = 0; found && i < count; i++)
        ranks[((int32_t *)order)[i]] = (int32_t)i;
    PyObject *columns = found ? canonical(self, ranks, groups) : NULL;
    free(ranks);
    if (columns)
        return Py_BuildValue("(NN)", found, columns);
    Py_XDECREF(found);
    return NULL;
}

static PyObject *nodes(PyObject *object, PyObject *nothing)
{
    (void)nothing;
    return PyLong_FromSize_t(((const ForestObject *)object)->trie.nodes);
}

static PyObject *subtree_sums(PyObject *module, PyObject *arguments)
{
    PyObject *given[2];
    Py_buffer parents, selfs;
    size_t rows, count;
    fb_error error;
    void *sums;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OO", &given[0], &given[1]) ||
        take_buffer(given[0], sizeof(int32_t), &parents, &rows, "parents") < 0)
        return NULL;
    if (take_buffer(given[1], sizeof(int64_t), &selfs, &count, "selfs") < 0) {
        PyBuffer_Release(&parents);
        return NULL;
    }
    PyObject *made = NULL;
    if (rows != count)
        PyErr_SetString(PyExc_ValueError, "the columns of a call trie differ in length");
    else if ((made = new_array(rows, sizeof(int64_t), &sums)) &&
             fb_subtree_sums(rows, parents.buf, selfs.buf, sums, &error)) {
        Py_CLEAR(made);
        refuse(error.code, &error);
    }
    PyBuffer_Release(&parents);
    PyBuffer_Release(&selfs);
    return made;
}

static PyObject *trie_totals(PyObject *module, PyObject *arguments)
{
    PyObject *given[3];
    Py_buffer taken[3];
    Py_ssize_t keys;
    size_t rows, unused;
    fb_error error;
    void *selfs, *totals;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOOn", &given[0], &given[1], &given[2], &keys) ||
        take_columns(given, 3, taken, &rows, &unused) < 0)
        return NULL;
    size_t count = keys < 0 ? 0 : (size_t)keys;
    PyObject *first = new_array(count, sizeof(int64_t), &selfs);
    PyObject *second = first ? new_array(count, sizeof(int64_t), &totals) : NULL;
    fb_code code = FB_OK;
    if (second) {
        memset(selfs, 0, count * sizeof(int64_t));
        memset(totals, 0, count * sizeof(int64_t));
        PyThreadState *state = PyEval_SaveThread();
        code = fb_trie_totals(rows, taken[PARENTS].buf, taken[FUNCTIONS].buf, taken[SELFS].buf, count, selfs,
                              totals, &error);
        PyEval_RestoreThread(state);
    }
    release_columns(taken, 3);
    if (second && !code)
        return Py_BuildValue("(NN)", first, second);
    Py_XDECREF(first);
    Py_XDECREF(second);
    return code ? refuse(code, &error) : NULL;
}

static PyMethodDef methods[] = {
    {"grow", grow, METH_VARARGS, "Take in all stacks of a column of a profile."},
    {"grow_arrays", grow_arrays, METH_VARARGS, "Take in stacks in arrays."},
    {"merge", merge, METH_VARARGS, "Take in a trie, its functions renumbered."},
    {"met", met, METH_VARARGS, "Which functions have a node."},
    {"nodes", nodes, METH_NOARGS, "How many nodes there are."},
    {"ordered", ordered, METH_VARARGS, "The groups met, and the trie in its one order."},
    {"ranked", ranked, METH_VARARGS, "The trie in the order of ranks."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "A call trie that grows."},
    {Py_tp_dealloc, forget},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "finops.engine.native._core.Forest",
    .basicsize = sizeof(ForestObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

static PyMethodDef makers[] = {
    {"forest", forest, METH_NOARGS, "A trie without nodes."},
    {"subtree_sums", subtree_sums, METH_VARARGS, "Each node's self and all below it."},
    {"trie_totals", trie_totals, METH_VARARGS, "Self and total of each function of a trie."},
    {NULL, NULL, 0, NULL},
};

int add_forest_type(PyObject *module)
{
    Forest_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (!Forest_type || PyModule_AddType(module, Forest_type) < 0)
        return -1;
    return PyModule_AddFunctions(module, makers);
}
