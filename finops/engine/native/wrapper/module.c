/* The module `_core`: what Python sees of the core. The GIL is released around everything that takes time. */
#include "wrapper.h"
#include "../core/wire.h"

PyObject *Refused;

PyObject *refuse(fb_code code, const fb_error *error)
{
    if (code == FB_NO_MEMORY)
        return PyErr_NoMemory();
    PyObject *said = Py_BuildValue("(iLLL)", (int)code, (long long)error->a, (long long)error->b,
                                   (long long)error->c);
    if (said) {
        PyErr_SetObject(Refused, said);
        Py_DECREF(said);
    }
    return NULL;
}

int take_limits(PyObject *limits, fb_limits *out)
{
    unsigned long long messages, strings, stack_frames, frames, free_frames, inlined, nodes;
    if (!PyTuple_Check(limits)) {
        PyErr_SetString(PyExc_TypeError, "limits are a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(limits, "KKKKKKK", &messages, &strings, &stack_frames, &frames, &free_frames, &inlined,
                          &nodes))
        return -1;
    out->messages = messages;
    out->strings = strings;
    out->stack_frames = stack_frames;
    out->frames = frames;
    out->free_frames = free_frames;
    out->inlined = inlined;
    out->nodes = nodes;
    return 0;
}

int take_buffer(PyObject *source, size_t item, Py_buffer *out, size_t *count, const char *what)
{
    if (PyObject_GetBuffer(source, out, PyBUF_C_CONTIGUOUS) < 0)
        return -1;
    /* Nothing may lie anywhere; numbers lie where numbers lie. */
    if (out->len && ((size_t)out->len % item || (uintptr_t)out->buf % item)) {
        PyBuffer_Release(out);
        PyErr_Format(PyExc_ValueError, "%s: not an array of %zu bytes an item", what, item);
        return -1;
    }
    *count = (size_t)out->len / item;
    return 0;
}

PyObject *new_array(size_t count, size_t item, void **data)
{
    PyObject *made = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)(count * item));
    if (made)
        *data = PyByteArray_AsString(made);
    return made;
}

static int are_stacks(const fb_stacks_of *stacks, size_t starts, size_t entries, size_t known)
{
    const int64_t *offsets = stacks->stack_offsets;
    if (starts != stacks->samples + 1 || offsets[0] || offsets[stacks->samples] != (int64_t)entries)
        return 0;
    for (size_t i = 0; i < stacks->samples; i++)
        if (offsets[i + 1] < offsets[i])
            return 0;
    for (size_t i = 0; i < entries; i++)
        if (stacks->stack_locations[i] < 0 || (size_t)stacks->stack_locations[i] >= known)
            return 0;
    return 1;
}

int take_stacks(PyObject *values, PyObject *offsets, PyObject *locations, size_t known, stack_buffers *out)
{
    size_t samples, starts, entries;
    if (take_buffer(values, sizeof(int64_t), &out->values, &samples, "values") < 0)
        return -1;
    if (take_buffer(offsets, sizeof(int64_t), &out->offsets, &starts, "offsets of stacks") < 0) {
        PyBuffer_Release(&out->values);
        return -1;
    }
    if (take_buffer(locations, sizeof(int32_t), &out->locations, &entries, "locations of stacks") < 0) {
        PyBuffer_Release(&out->values);
        PyBuffer_Release(&out->offsets);
        return -1;
    }
    out->stacks.samples = samples;
    out->stacks.values = out->values.buf;
    out->stacks.stack_offsets = out->offsets.buf;
    out->stacks.stack_locations = out->locations.buf;
    if (samples < UINT32_MAX && are_stacks(&out->stacks, starts, entries, known))
        return 0;
    release_stacks(out);
    PyErr_SetString(PyExc_ValueError, "these are no stacks of such locations");
    return -1;
}

void release_stacks(stack_buffers *taken)
{
    PyBuffer_Release(&taken->values);
    PyBuffer_Release(&taken->offsets);
    PyBuffer_Release(&taken->locations);
}

static PyObject *seed(PyObject *self, PyObject *arguments)
{
    unsigned long long first, second;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "KK", &first, &second))
        return NULL;
    fb_seed(first, second);
    Py_RETURN_NONE;
}

/* (place, left): the field that comes `count` fields later, or an earlier one of over `longest` bytes with
   how many were left to pass; the end where the bytes are broken, which is for `parse` to say. */
static PyObject *skip(PyObject *self, PyObject *arguments)
{
    Py_buffer raw;
    Py_ssize_t from;
    unsigned long long count, longest;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*nKK", &raw, &from, &count, &longest))
        return NULL;
    const uint8_t *start = raw.buf, *end = start + raw.len;
    const uint8_t *at = from < 0 || from > raw.len ? end : start + from;
    Py_BEGIN_ALLOW_THREADS
    for (fb_field field; count && at < end; count--) {
        fb_code code;
        const uint8_t *next = fb_next(at, end, &field, &code);
        uint64_t tag;
        if (!next && code == FB_WRONG_WIRE)     /* a group's mark is a field without a content */
            next = fb_short_varint(at, end, UINT32_MAX, &tag);
        if (next && field.size > longest)
            break;
        at = next ? next : end;
    }
    Py_END_ALLOW_THREADS
    Py_ssize_t place = (Py_ssize_t)(at - start);
    PyBuffer_Release(&raw);
    return Py_BuildValue("(nK)", place, count);
}

/* How many bytes equal one of two. */
static PyObject *alike(PyObject *self, PyObject *arguments)
{
    Py_buffer raw;
    unsigned char one, other;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*bb", &raw, &one, &other))
        return NULL;
    const uint8_t *bytes = raw.buf;
    size_t size = (size_t)raw.len, found = 0;
    Py_BEGIN_ALLOW_THREADS
    for (size_t i = 0; i < size; i++)
        found += (size_t)(bytes[i] == one) + (size_t)(bytes[i] == other);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&raw);
    return PyLong_FromSize_t(found);
}

static PyMethodDef methods[] = {
    {"skip", skip, METH_VARARGS, "Where the field stands that comes after some others."},
    {"alike", alike, METH_VARARGS, "How many bytes equal one of two."},
    {"seed", seed, METH_VARARGS, "Set what hashes are mixed with; before anything is parsed."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_core",
    .m_doc = "The engine's core: pprof bytes to columns, self and total, call tries.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__core(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (!module)
        return NULL;
    Refused = PyErr_NewException("finops.engine.native._core.Refused", NULL, NULL);
    if (!Refused || PyModule_AddObjectRef(module, "Refused", Refused) < 0 || add_profile_type(module) < 0 ||
        add_frames_type(module) < 0 || add_forest_type(module) < 0 ||
        PyModule_AddFunctions(module, number_methods) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
