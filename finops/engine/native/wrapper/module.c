/* The module `_core`: what Python sees of the core. The GIL is released around everything that takes time. */
#include "wrapper.h"

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
    unsigned long long messages, strings, stack_frames, frames;
    if (!PyTuple_Check(limits)) {
        PyErr_SetString(PyExc_TypeError, "limits are a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(limits, "KKKK", &messages, &strings, &stack_frames, &frames))
        return -1;
    out->messages = messages;
    out->strings = strings;
    out->stack_frames = stack_frames;
    out->frames = frames;
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

static PyMethodDef methods[] = {
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
