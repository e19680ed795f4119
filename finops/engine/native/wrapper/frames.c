/* Frames by name, and self and total by group. */
#include <stdlib.h>
#include <string.h>

#include "wrapper.h"

PyTypeObject *Frames_type;

static FramesObject *new_frames(void)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(Frames_type, Py_tp_alloc);
    return (FramesObject *)allocate(Frames_type, 0);
}

static void forget(PyObject *object)
{
    FramesObject *self = (FramesObject *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    fb_free_frames(&self->frames);
    Py_XDECREF(self->owner);
    release(object);
    Py_DECREF(type);
}

static PyObject *name_frames(PyObject *module, PyObject *arguments)
{
    ProfileObject *profile;
    int by_file;
    fb_code code;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O!p", Profile_type, &profile, &by_file))
        return NULL;
    FramesObject *self = new_frames();
    if (!self)
        return NULL;
    self->owner = Py_NewRef((PyObject *)profile);
    PyThreadState *state = PyEval_SaveThread();
    code = fb_name_frames(&profile->profile, by_file, &self->frames);
    PyEval_RestoreThread(state);
    if (code) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static int are_frames(const int64_t *offsets, size_t locations, const int32_t *groups, size_t frames,
                      size_t count)
{
    if (offsets[0] || offsets[locations] != (int64_t)frames)
        return 0;
    for (size_t i = 0; i < locations; i++)
        if (offsets[i + 1] <= offsets[i])
            return 0;
    for (size_t i = 0; i < frames; i++)
        if (groups[i] < 0 || (size_t)groups[i] >= count)
            return 0;
    return 1;
}

/* Frames whose groups somebody else named: 0 … count - 1, in their order already. */
static PyObject *frames_of(PyObject *module, PyObject *arguments)
{
    PyObject *first, *second;
    Py_buffer offsets, groups;
    size_t starts, frames;
    Py_ssize_t count;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOn", &first, &second, &count))
        return NULL;
    if (take_buffer(first, sizeof(int64_t), &offsets, &starts, "offsets") < 0)
        return NULL;
    if (take_buffer(second, sizeof(int32_t), &groups, &frames, "groups") < 0) {
        PyBuffer_Release(&offsets);
        return NULL;
    }
    FramesObject *self = NULL;
    if (!starts || count < 0 || count > INT32_MAX ||
        !are_frames(offsets.buf, starts - 1, groups.buf, frames, (size_t)count)) {
        PyErr_SetString(PyExc_ValueError, "these are no frames of locations");
    } else if ((self = new_frames())) {
        self->frames.locations = starts - 1;
        self->frames.frames = frames;
        self->frames.count = (size_t)count;
        self->frames.offsets = malloc(starts * sizeof(int64_t));
        self->frames.groups = malloc((frames + 1) * sizeof(int32_t));
        if (self->frames.offsets && self->frames.groups) {
            memcpy(self->frames.offsets, offsets.buf, starts * sizeof(int64_t));
            if (frames)
                memcpy(self->frames.groups, groups.buf, frames * sizeof(int32_t));
        } else {
            Py_CLEAR(self);
            PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&offsets);
    PyBuffer_Release(&groups);
    return (PyObject *)self;
}

/* The names and files of some groups, two lists. */
static PyObject *names(PyObject *object, PyObject *arguments)
{
    const FramesObject *self = (const FramesObject *)object;
    PyObject *wanted;
    Py_buffer groups;
    size_t count;
    if (!PyArg_ParseTuple(arguments, "O", &wanted) ||
        take_buffer(wanted, sizeof(int32_t), &groups, &count, "groups") < 0)
        return NULL;
    PyObject *first = PyList_New((Py_ssize_t)count), *second = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; first && second && i < count; i++) {
        int32_t group = ((const int32_t *)groups.buf)[i];
        if (!self->frames.names || group < 0 || (size_t)group >= self->frames.count) {
            PyErr_SetString(PyExc_IndexError, "there is no such group");
            Py_CLEAR(first);
            break;
        }
        const fb_text *name = &self->frames.names[group], *file = &self->frames.files[group];
        PyObject *one = PyUnicode_DecodeUTF8((const char *)name->data, (Py_ssize_t)name->size, "replace");
        PyObject *other = PyUnicode_DecodeUTF8((const char *)file->data, (Py_ssize_t)file->size, "replace");
        if (!one || !other) {
            Py_XDECREF(one);
            Py_XDECREF(other);
            Py_CLEAR(first);
            break;
        }
        PyList_SetItem(first, (Py_ssize_t)i, one);
        PyList_SetItem(second, (Py_ssize_t)i, other);
    }
    PyBuffer_Release(&groups);
    if (first && second)
        return Py_BuildValue("(NN)", first, second);
    Py_XDECREF(first);
    Py_XDECREF(second);
    return NULL;
}

static fb_code start_sums(fb_sums *sums, size_t groups)
{
    sums->selfs = calloc(groups + 1, sizeof *sums->selfs);
    sums->totals = calloc(groups + 1, sizeof *sums->totals);
    sums->met = calloc(groups + 1, sizeof *sums->met);
    sums->no_stack = 0;
    return sums->selfs && sums->totals && sums->met ? FB_OK : FB_NO_MEMORY;
}

static void stop_sums(fb_sums *sums)
{
    free(sums->selfs);
    free(sums->totals);
    free(sums->met);
}

/* The groups that were met, in order; NULL where there is no memory. */
static int32_t *met_groups(const fb_sums *sums, const fb_frames *frames, size_t *count)
{
    int32_t *order = malloc((frames->count + 1) * sizeof *order);
    *count = 0;
    for (size_t i = 0; order && i < frames->count; i++)
        if (sums->met[i])
            order[(*count)++] = (int32_t)i;
    if (order && frames->names && fb_sort_groups(frames, order, *count)) {
        free(order);
        return NULL;
    }
    return order;
}

/* (groups met, their selfs, their totals, what has no stack) */
static PyObject *sums_met(const fb_sums *sums, const int32_t *order, size_t count)
{
    void *groups, *selfs, *totals;
    PyObject *first = new_array(count, sizeof(int32_t), &groups);
    PyObject *second = first ? new_array(count, sizeof(int64_t), &selfs) : NULL;
    PyObject *third = second ? new_array(count, sizeof(int64_t), &totals) : NULL;
    if (!third) {
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        ((int32_t *)groups)[i] = order[i];
        ((uint64_t *)selfs)[i] = sums->selfs[order[i]];
        ((uint64_t *)totals)[i] = sums->totals[order[i]];
    }
    return Py_BuildValue("(NNNL)", first, second, third, (long long)sums->no_stack);
}

static PyObject *reduce(PyObject *module, PyObject *arguments)
{
    ProfileObject *profile;
    FramesObject *frames;
    Py_ssize_t column;
    fb_error error;
    fb_sums sums;
    int32_t *order = NULL;
    size_t count = 0;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O!nO!", Profile_type, &profile, &column, Frames_type, &frames))
        return NULL;
    if (column < 0 || (size_t)column >= profile->profile.value_types ||
        frames->frames.locations != profile->profile.locations) {
        PyErr_SetString(PyExc_IndexError, "there is no such column of values, or these are other frames");
        return NULL;
    }
    PyThreadState *state = PyEval_SaveThread();
    fb_code code = start_sums(&sums, frames->frames.count);
    if (!code)
        code = fb_reduce(&profile->profile, (size_t)column, &frames->frames, &sums, &error);
    if (!code && !(order = met_groups(&sums, &frames->frames, &count)))
        code = FB_NO_MEMORY;
    PyEval_RestoreThread(state);
    PyObject *made = code ? refuse(code, &error) : sums_met(&sums, order, count);
    free(order);
    stop_sums(&sums);
    if (!made)
        return NULL;
    return Py_BuildValue("(NL)", made, (long long)profile->profile.column[column].sum);
}

static PyObject *reduce_arrays(PyObject *module, PyObject *arguments)
{
    PyObject *values, *offsets, *locations, *limits;
    FramesObject *frames;
    stack_buffers taken;
    fb_limits most;
    fb_error error;
    fb_sums sums;
    int32_t *order = NULL;
    size_t count = 0;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOOO!O", &values, &offsets, &locations, Frames_type, &frames, &limits) ||
        take_limits(limits, &most) < 0 ||
        take_stacks(values, offsets, locations, frames->frames.locations, &taken) < 0)
        return NULL;
    PyThreadState *state = PyEval_SaveThread();
    fb_code code = start_sums(&sums, frames->frames.count);
    if (!code)
        code = fb_reduce_arrays(&taken.stacks, &most, &frames->frames, &sums, &error);
    if (!code && !(order = met_groups(&sums, &frames->frames, &count)))
        code = FB_NO_MEMORY;
    PyEval_RestoreThread(state);
    release_stacks(&taken);
    PyObject *made = code ? refuse(code, &error) : sums_met(&sums, order, count);
    free(order);
    stop_sums(&sums);
    return made;
}

static PyMethodDef methods[] = {
    {"names", names, METH_VARARGS, "The names and the files of some groups."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "What the frames of a profile's locations are added up by."},
    {Py_tp_dealloc, forget},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "finops.engine.native._core.Frames",
    .basicsize = sizeof(FramesObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

static PyMethodDef makers[] = {
    {"name_frames", name_frames, METH_VARARGS, "Frames by name, or by name and file."},
    {"frames_of", frames_of, METH_VARARGS, "Frames whose groups somebody else named."},
    {"reduce", reduce, METH_VARARGS, "Self and total of each group over a column of values."},
    {"reduce_arrays", reduce_arrays, METH_VARARGS, "The same over stacks in arrays."},
    {NULL, NULL, 0, NULL},
};

int add_frames_type(PyObject *module)
{
    Frames_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (!Frames_type || PyModule_AddType(module, Frames_type) < 0)
        return -1;
    return PyModule_AddFunctions(module, makers);
}
