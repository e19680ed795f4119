/* Whole numbers in arrays: narrowed and shuffled for blocks, and divided. */
#include <stdlib.h>

#include "wrapper.h"

/* (bytes, width) of a column of int64 from 0 up. */
static PyObject *shuffle(PyObject *module, PyObject *arguments)
{
    PyObject *given;
    Py_buffer numbers;
    size_t count;
    void *data;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O", &given) ||
        take_buffer(given, sizeof(int64_t), &numbers, &count, "a column") < 0)
        return NULL;
    size_t width = fb_width(numbers.buf, count);
    PyObject *made = new_array(count, width, &data);
    if (made)
        fb_shuffle(numbers.buf, count, width, data);
    PyBuffer_Release(&numbers);
    return made ? Py_BuildValue("(Nn)", made, (Py_ssize_t)width) : NULL;
}

static PyObject *unshuffle(PyObject *module, PyObject *arguments)
{
    PyObject *given, *made = NULL;
    Py_ssize_t at, length, width;
    Py_buffer bytes;
    size_t size;
    void *data;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "Onnn", &given, &at, &length, &width) ||
        take_buffer(given, 1, &bytes, &size, "a block") < 0)
        return NULL;
    if (at < 0 || length < 0 || width < 1 || width > 8 || length > INT32_MAX ||
        at + length * width > (Py_ssize_t)size)
        PyErr_SetString(PyExc_ValueError, "a column reaches beyond its block");
    else if ((made = new_array((size_t)length, sizeof(int64_t), &data)))
        fb_unshuffle((const uint8_t *)bytes.buf + at, (size_t)length, (size_t)width, data);
    PyBuffer_Release(&bytes);
    return made;
}

/* The greatest common divisor of columns of int64 from 0 up; 0 of nothing but zeros. */
static PyObject *divisor(PyObject *module, PyObject *arguments)
{
    uint64_t found = 0;
    (void)module;
    for (Py_ssize_t i = 0; i < PyTuple_Size(arguments); i++) {
        Py_buffer numbers;
        size_t count;
        if (take_buffer(PyTuple_GetItem(arguments, i), sizeof(int64_t), &numbers, &count, "a column") < 0)
            return NULL;
        found = fb_divisor(found, numbers.buf, count);
        PyBuffer_Release(&numbers);
    }
    return PyLong_FromUnsignedLongLong(found);
}

/* Weights as int64; None where they are not numbers of that size, are negative, or add up beyond it. */
static int64_t *weights_of(PyObject *given, size_t count, int *is_refused)
{
    int64_t *weights = malloc((count ? count : 1) * sizeof *weights);
    uint64_t whole = 0;
    *is_refused = 0;
    if (!weights) {
        PyErr_NoMemory();
        return NULL;
    }
    for (size_t i = 0; i < count && !*is_refused; i++) {
        int overflow = 0;
        PyObject *weight = PyList_GetItem(given, (Py_ssize_t)i);
        weights[i] = weight && PyLong_CheckExact(weight) ? PyLong_AsLongLongAndOverflow(weight, &overflow) : -1;
        whole += (uint64_t)weights[i];
        *is_refused = overflow || weights[i] < 0 || whole > INT64_MAX;
    }
    *is_refused |= !whole;
    return weights;
}

/* Parts of an amount as a list; None where it is not a case of whole numbers within 63 bits. */
static PyObject *divide(PyObject *module, PyObject *arguments)
{
    PyObject *amount, *given, *made = NULL;
    int overflow, is_refused;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O!O!", &PyLong_Type, &amount, &PyList_Type, &given))
        return NULL;
    long long size = PyLong_AsLongLongAndOverflow(amount, &overflow);
    size_t count = (size_t)PyList_Size(given);
    if (overflow || size < 0)
        Py_RETURN_NONE;
    int64_t *weights = weights_of(given, count, &is_refused);
    int64_t *parts = weights ? malloc((count ? count : 1) * sizeof *parts) : NULL;
    if (weights && is_refused) {
        made = Py_NewRef(Py_None);
    } else if (!parts || fb_divide((uint64_t)size, weights, count, parts)) {
        PyErr_NoMemory();
    } else {
        made = PyList_New((Py_ssize_t)count);
        for (size_t i = 0; made && i < count; i++) {
            PyObject *part = PyLong_FromLongLong(parts[i]);
            if (!part || PyList_SetItem(made, (Py_ssize_t)i, part) < 0)
                Py_CLEAR(made);
        }
    }
    free(weights);
    free(parts);
    return made;
}

PyMethodDef number_methods[] = {
    {"divide", divide, METH_VARARGS, "An amount in proportion to weights, by largest remainder."},
    {"divisor", divisor, METH_VARARGS, "The greatest common divisor of some columns."},
    {"shuffle", shuffle, METH_VARARGS, "A column in its narrowest width, lowest bytes first."},
    {"unshuffle", unshuffle, METH_VARARGS, "The column that was shuffled."},
    {NULL, NULL, 0, NULL},
};
