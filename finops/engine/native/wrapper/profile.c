/* A parsed profile and its columns, each made when it is asked for. */
#include <stdlib.h>

#include "wrapper.h"

PyTypeObject *Profile_type;

static PyObject *text_of(const ProfileObject *self, int64_t index)
{
    const fb_text *text = &self->profile.string[index];
    return PyUnicode_DecodeUTF8((const char *)text->data, (Py_ssize_t)text->size, "replace");
}

/* Strings that are not UTF-8 are replaced by what Python reads them as, so that equal texts are equal bytes. */
static int repair(ProfileObject *self)
{
    fb_profile *profile = &self->profile;
    if (!profile->broken_strings)
        return 0;
    if (!(self->repaired = PyList_New(0)))
        return -1;
    for (size_t i = 0; i < profile->strings; i++) {
        fb_text *text = &profile->string[i];
        if (fb_is_utf8(text->data, text->size))
            continue;
        Py_ssize_t size;
        PyObject *read = text_of(self, (int64_t)i);
        const char *data = read ? PyUnicode_AsUTF8AndSize(read, &size) : NULL;
        if (!data || PyList_Append(self->repaired, read) < 0) {
            Py_XDECREF(read);
            return -1;
        }
        Py_DECREF(read);
        text->data = (const uint8_t *)data;
        text->size = (size_t)size;
    }
    return 0;
}

static PyObject *parse(PyObject *module, PyObject *arguments)
{
    PyObject *raw, *limits;
    fb_limits most;
    fb_error error;
    fb_code code;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "SO", &raw, &limits) || take_limits(limits, &most) < 0)
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(Profile_type, Py_tp_alloc);
    ProfileObject *self = (ProfileObject *)allocate(Profile_type, 0);
    if (!self)
        return NULL;
    self->raw = Py_NewRef(raw);
    const uint8_t *data = (const uint8_t *)PyBytes_AsString(raw);
    size_t size = (size_t)PyBytes_Size(raw);
    PyThreadState *state = PyEval_SaveThread();
    code = fb_parse(&self->profile, data, size, &most, &error);
    PyEval_RestoreThread(state);
    if (code || repair(self) < 0) {
        Py_DECREF(self);
        return code ? refuse(code, &error) : NULL;
    }
    return (PyObject *)self;
}

static void forget(PyObject *object)
{
    ProfileObject *self = (ProfileObject *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    fb_free(&self->profile);
    Py_XDECREF(self->raw);
    Py_XDECREF(self->repaired);
    release(object);
    Py_DECREF(type);
}

static PyObject *value_types(const ProfileObject *self, const fb_value_type *types, size_t count)
{
    PyObject *made = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; made && i < count; i++) {
        PyObject *pair = Py_BuildValue("(NN)", text_of(self, types[i].type), text_of(self, types[i].unit));
        if (!pair || PyTuple_SetItem(made, (Py_ssize_t)i, pair) < 0)
            Py_CLEAR(made);
    }
    return made;
}

static PyObject *comments(const ProfileObject *self)
{
    PyObject *made = PyTuple_New((Py_ssize_t)self->profile.comments);
    for (size_t i = 0; made && i < self->profile.comments; i++) {
        PyObject *text = text_of(self, self->profile.comment[i]);
        if (!text || PyTuple_SetItem(made, (Py_ssize_t)i, text) < 0)
            Py_CLEAR(made);
    }
    return made;
}

static PyObject *header(PyObject *object, PyObject *nothing)
{
    const ProfileObject *self = (const ProfileObject *)object;
    const fb_profile *profile = &self->profile;
    (void)nothing;
    return Py_BuildValue("{s:N,s:N,s:L,s:L,s:L,s:N,s:N,s:N,s:N,s:N}", "value_types",
                         value_types(self, profile->value_type, profile->value_types), "period_types",
                         value_types(self, profile->period_type, profile->period_types), "period",
                         (long long)profile->period, "time_nanos", (long long)profile->time_nanos,
                         "duration_nanos", (long long)profile->duration_nanos, "default_type",
                         text_of(self, profile->default_type), "drop_frames",
                         text_of(self, profile->drop_frames), "keep_frames",
                         text_of(self, profile->keep_frames), "comments", comments(self), "doc_url",
                         text_of(self, profile->doc_url));
}

static PyObject *counts(PyObject *object, PyObject *nothing)
{
    const fb_profile *profile = &((const ProfileObject *)object)->profile;
    (void)nothing;
    return Py_BuildValue("(nnnn)", (Py_ssize_t)profile->samples, (Py_ssize_t)profile->locations,
                         (Py_ssize_t)profile->functions, (Py_ssize_t)profile->entries);
}

static PyObject *least(PyObject *object, PyObject *arguments)
{
    const fb_profile *profile = &((const ProfileObject *)object)->profile;
    Py_ssize_t column;
    if (!PyArg_ParseTuple(arguments, "n", &column))
        return NULL;
    if (column < 0 || (size_t)column >= profile->value_types) {
        PyErr_SetString(PyExc_IndexError, "there is no such column of values");
        return NULL;
    }
    return PyLong_FromLongLong(profile->column[column].least);
}

static PyObject *values(PyObject *object, PyObject *nothing)
{
    const fb_profile *profile = &((const ProfileObject *)object)->profile;
    void *data;
    (void)nothing;
    PyObject *made = new_array(profile->samples * profile->value_types, sizeof(int64_t), &data);
    if (made) {
        PyThreadState *state = PyEval_SaveThread();
        fb_values(profile, data);
        PyEval_RestoreThread(state);
    }
    return made;
}

static PyObject *stacks(PyObject *object, PyObject *nothing)
{
    const fb_profile *profile = &((const ProfileObject *)object)->profile;
    void *offsets, *locations;
    (void)nothing;
    PyObject *first = new_array(profile->samples + 1, sizeof(int64_t), &offsets);
    PyObject *second = first ? new_array(profile->entries, sizeof(int32_t), &locations) : NULL;
    if (!second) {
        Py_XDECREF(first);
        return NULL;
    }
    PyThreadState *state = PyEval_SaveThread();
    fb_stacks(profile, offsets, locations);
    PyEval_RestoreThread(state);
    return Py_BuildValue("(NN)", first, second);
}

static PyObject *lines(PyObject *object, PyObject *nothing)
{
    const fb_profile *profile = &((const ProfileObject *)object)->profile;
    void *offsets, *functions, *numbers;
    (void)nothing;
    PyObject *first = new_array(profile->locations + 1, sizeof(int64_t), &offsets);
    PyObject *second = first ? new_array(profile->lines, sizeof(int32_t), &functions) : NULL;
    PyObject *third = second ? new_array(profile->lines, sizeof(int64_t), &numbers) : NULL;
    if (!third) {
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    int64_t end = 0;
    for (size_t i = 0; i < profile->locations; i++) {
        ((int64_t *)offsets)[i] = end;
        end += profile->location[i].lines;
    }
    ((int64_t *)offsets)[profile->locations] = end;
    for (size_t i = 0; i < profile->lines; i++) {
        ((int32_t *)functions)[i] = profile->line_function[i];
        ((int64_t *)numbers)[i] = profile->line[i].number;
    }
    return Py_BuildValue("(NNN)", first, second, third);
}

static PyObject *locations(PyObject *object, PyObject *nothing)
{
    const fb_profile *profile = &((const ProfileObject *)object)->profile;
    void *mappings, *addresses;
    (void)nothing;
    PyObject *first = new_array(profile->locations, sizeof(int32_t), &mappings);
    PyObject *second = first ? new_array(profile->locations, sizeof(uint64_t), &addresses) : NULL;
    PyObject *third = second ? PyTuple_New((Py_ssize_t)profile->locations) : NULL;
    if (!third) {
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    for (size_t i = 0; i < profile->locations; i++) {
        ((int32_t *)mappings)[i] = profile->location[i].mapping;
        ((uint64_t *)addresses)[i] = profile->location[i].address;
        PyTuple_SetItem(third, (Py_ssize_t)i, PyBool_FromLong(profile->location[i].is_folded));
    }
    return Py_BuildValue("(NNN)", first, second, third);
}

/* One text of each row of a table, as a tuple; the same index gives the same object. */
static PyObject *texts(const ProfileObject *self, const int64_t *first, size_t stride, size_t count,
                       PyObject **met)
{
    PyObject *made = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; made && i < count; i++) {
        int64_t index = *(const int64_t *)((const char *)first + stride * i);
        if (!met[index] && !(met[index] = text_of(self, index)))
            Py_CLEAR(made);
        else
            PyTuple_SetItem(made, (Py_ssize_t)i, Py_NewRef(met[index]));
    }
    return made;
}

static PyObject **start_texts(const ProfileObject *self)
{
    PyObject **met = calloc(self->profile.strings + 1, sizeof *met);
    if (!met)
        PyErr_NoMemory();
    return met;
}

static void stop_texts(const ProfileObject *self, PyObject **met)
{
    for (size_t i = 0; i < self->profile.strings; i++)
        Py_XDECREF(met[i]);
    free(met);
}

static PyObject *functions(PyObject *object, PyObject *nothing)
{
    const ProfileObject *self = (const ProfileObject *)object;
    const fb_profile *profile = &self->profile;
    const fb_function *table = profile->function;
    void *starts;
    (void)nothing;
    PyObject **met = start_texts(self);
    if (!met)
        return NULL;
    PyObject *names = texts(self, &table->name, sizeof *table, profile->functions, met);
    PyObject *system = names ? texts(self, &table->system_name, sizeof *table, profile->functions, met) : NULL;
    PyObject *files = system ? texts(self, &table->file, sizeof *table, profile->functions, met) : NULL;
    PyObject *lines_ = files ? new_array(profile->functions, sizeof(int64_t), &starts) : NULL;
    stop_texts(self, met);
    if (!lines_) {
        Py_XDECREF(names);
        Py_XDECREF(system);
        Py_XDECREF(files);
        return NULL;
    }
    for (size_t i = 0; i < profile->functions; i++)
        ((int64_t *)starts)[i] = table[i].start_line;
    return Py_BuildValue("(NNNN)", names, system, files, lines_);
}

static PyObject *mappings(PyObject *object, PyObject *nothing)
{
    const ProfileObject *self = (const ProfileObject *)object;
    const fb_profile *profile = &self->profile;
    PyObject *made = PyList_New(0);
    (void)nothing;
    for (size_t i = 0; made && i < profile->mappings; i++) {
        const fb_mapping *row = &profile->mapping[i];
        PyObject *flags =
            Py_BuildValue("(NNNN)", PyBool_FromLong(row->flags[0]), PyBool_FromLong(row->flags[1]),
                          PyBool_FromLong(row->flags[2]), PyBool_FromLong(row->flags[3]));
        PyObject *read = Py_BuildValue("(NNKKKN)", text_of(self, row->file), text_of(self, row->build_id),
                                       (unsigned long long)row->start, (unsigned long long)row->limit,
                                       (unsigned long long)row->offset, flags);
        if (!read || PyList_Append(made, read) < 0)
            Py_CLEAR(made);
        Py_XDECREF(read);
    }
    return made;
}

static PyObject *label_texts(const ProfileObject *self, const fb_label *found, PyObject *samples,
                             PyObject *numbers, int64_t *owner, int64_t *number)
{
    size_t count = self->profile.labels;
    PyObject **met = start_texts(self);
    if (!met)
        return NULL;
    PyObject *keys = texts(self, &found->key, sizeof *found, count, met);
    PyObject *units = keys ? texts(self, &found->unit, sizeof *found, count, met) : NULL;
    PyObject *said = units ? texts(self, &found->text, sizeof *found, count, met) : NULL;
    stop_texts(self, met);
    if (!said) {
        Py_XDECREF(keys);
        Py_XDECREF(units);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        owner[i] = found[i].sample;
        number[i] = found[i].number;
        if (!found[i].text)
            PyTuple_SetItem(said, (Py_ssize_t)i, Py_NewRef(Py_None));
    }
    return Py_BuildValue("(ONNON)", samples, keys, said, numbers, units);
}

static PyObject *labels(PyObject *object, PyObject *nothing)
{
    const ProfileObject *self = (const ProfileObject *)object;
    size_t count = self->profile.labels;
    fb_label *found = malloc((count + 1) * sizeof *found);
    void *owner = NULL, *number = NULL;
    PyObject *made = NULL;
    (void)nothing;
    PyObject *samples = new_array(count, sizeof(int64_t), &owner);
    PyObject *numbers = new_array(count, sizeof(int64_t), &number);
    if (!found) {
        PyErr_NoMemory();
    } else if (samples && numbers) {
        PyThreadState *state = PyEval_SaveThread();
        fb_labels(&self->profile, found);
        PyEval_RestoreThread(state);
        made = label_texts(self, found, samples, numbers, owner, number);
    }
    Py_XDECREF(samples);
    Py_XDECREF(numbers);
    free(found);
    return made;
}

static PyMethodDef methods[] = {
    {"header", header, METH_NOARGS, "What stands beside the tables."},
    {"counts", counts, METH_NOARGS, "How many samples, locations, functions and entries of stacks."},
    {"least", least, METH_VARARGS, "The least value of a column, or 0."},
    {"values", values, METH_NOARGS, "All values, sample by sample."},
    {"stacks", stacks, METH_NOARGS, "Where stacks start, and the places of their locations."},
    {"lines", lines, METH_NOARGS, "Where the lines of locations start, their functions and numbers."},
    {"locations", locations, METH_NOARGS, "Mappings, addresses, and whether folded."},
    {"functions", functions, METH_NOARGS, "Names, system names, files and first lines."},
    {"mappings", mappings, METH_NOARGS, "A row a mapping."},
    {"labels", labels, METH_NOARGS, "Samples, keys, texts, numbers and units, a row a label."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "A parsed profile."},
    {Py_tp_dealloc, forget},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "finops.engine.native._core.Profile",
    .basicsize = sizeof(ProfileObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

static PyMethodDef makers[] = {
    {"parse", parse, METH_VARARGS, "The profile in inflated bytes, within limits."},
    {NULL, NULL, 0, NULL},
};

int add_profile_type(PyObject *module)
{
    Profile_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (!Profile_type || PyModule_AddType(module, Profile_type) < 0)
        return -1;
    return PyModule_AddFunctions(module, makers);
}
