/* What the parts of the wrapper share. Nothing here knows what a profile means. */
#ifndef WRAPPER_H
#define WRAPPER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../core/fb.h"

extern PyTypeObject *Profile_type, *Frames_type, *Forest_type;
extern PyObject *Refused;

typedef struct {
    PyObject_HEAD
    PyObject *raw;                   /* the bytes that everything points into */
    PyObject *repaired;              /* texts of strings that were not UTF-8 */
    fb_profile profile;
} ProfileObject;

typedef struct {
    PyObject_HEAD
    PyObject *owner;                 /* the profile whose texts the names are; NULL where there are none */
    fb_frames frames;
} FramesObject;

PyObject *refuse(fb_code code, const fb_error *error);
int take_limits(PyObject *limits, fb_limits *out);

/* A buffer of so many items of a size, read-only; -1 with an exception where it is another one. */
int take_buffer(PyObject *source, size_t item, Py_buffer *out, size_t *count, const char *what);

/* New memory of Python's, and the array in it. */
PyObject *new_array(size_t count, size_t item, void **data);

/* Stacks in arrays, checked against the locations that there are. */
typedef struct {
    Py_buffer values, offsets, locations;
    fb_stacks_of stacks;
} stack_buffers;

int take_stacks(PyObject *values, PyObject *offsets, PyObject *locations, size_t known, stack_buffers *out);
void release_stacks(stack_buffers *taken);

int add_profile_type(PyObject *module);
int add_frames_type(PyObject *module);
int add_forest_type(PyObject *module);
extern PyMethodDef number_methods[];

#endif
