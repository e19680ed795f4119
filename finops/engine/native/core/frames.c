/* What frames are added up by: names and files, each met once, whatever the string table repeats. */
#include <stdlib.h>
#include <string.h>

#include "ids.h"

static const fb_text UNKNOWN = {(const uint8_t *)"<unknown>", 9};

/* Texts that are equal get one number; 0 is the empty text. */
typedef struct {
    const fb_profile *profile;
    int32_t *of_string;              /* -1: not looked at yet */
    const fb_text **texts;           /* by number */
    int32_t *slots;
    size_t mask, count;
} interning;

/* Groups by the numbers of their two texts. */
typedef struct {
    fb_frames *frames;
    uint64_t *pairs;
    int32_t *slots;
    size_t mask, count;
} grouping;

static size_t room_for(size_t count)
{
    size_t room = 64;
    while (room < 2 * count)
        room *= 2;
    return room;
}

static int start_interning(interning *made, const fb_profile *profile, size_t more)
{
    size_t texts = profile->strings + more + 1, room = room_for(texts);
    made->profile = profile;
    made->mask = room - 1;
    made->count = 0;
    made->of_string = malloc((profile->strings + 1) * sizeof *made->of_string);
    made->texts = malloc(texts * sizeof *made->texts);
    made->slots = calloc(room, sizeof *made->slots);
    if (!made->of_string || !made->texts || !made->slots)
        return 0;
    memset(made->of_string, 0xFF, (profile->strings + 1) * sizeof *made->of_string);
    return 1;
}

static int32_t intern(interning *made, const fb_text *text)
{
    size_t slot = (size_t)fb_hash(text->data, text->size) & made->mask;
    for (; made->slots[slot]; slot = (slot + 1) & made->mask) {
        const fb_text *other = made->texts[made->slots[slot] - 1];
        if (other->size == text->size && !memcmp(other->data, text->data, text->size))
            return made->slots[slot] - 1;
    }
    made->texts[made->count++] = text;
    made->slots[slot] = (int32_t)made->count;
    return (int32_t)made->count - 1;
}

static int32_t intern_string(interning *made, int64_t index)
{
    if (made->of_string[index] < 0)
        made->of_string[index] = intern(made, &made->profile->string[index]);
    return made->of_string[index];
}

static int start_grouping(grouping *made, fb_frames *frames, size_t most)
{
    size_t room = room_for(most + 1);
    made->frames = frames;
    made->mask = room - 1;
    made->count = 0;
    made->pairs = malloc((most + 1) * sizeof *made->pairs);
    made->slots = calloc(room, sizeof *made->slots);
    frames->names = malloc((most + 1) * sizeof *frames->names);
    frames->files = malloc((most + 1) * sizeof *frames->files);
    return made->pairs && made->slots && frames->names && frames->files;
}

static int32_t group(grouping *made, const interning *texts, int32_t name, int32_t file)
{
    uint64_t pair = (uint64_t)(uint32_t)name << 32 | (uint32_t)file;
    size_t slot = (size_t)fb_mix(pair, 2) & made->mask;
    for (; made->slots[slot]; slot = (slot + 1) & made->mask)
        if (made->pairs[made->slots[slot] - 1] == pair)
            return made->slots[slot] - 1;
    made->frames->names[made->count] = *texts->texts[name];
    made->frames->files[made->count] = *texts->texts[file];
    made->pairs[made->count++] = pair;
    made->slots[slot] = (int32_t)made->count;
    return (int32_t)made->count - 1;
}

/* As Go's filepath.Base in brackets: slashes at the end do not count, and only slashes leave one. */
static fb_text binary_name(const fb_text *path, uint8_t *room)
{
    size_t end = path->size, start;
    fb_text made = {room, 0};
    if (!path->size)
        return UNKNOWN;
    while (end && path->data[end - 1] == '/')
        end--;
    for (start = end; start && path->data[start - 1] != '/';)
        start--;
    room[0] = '[';
    if (start == end)
        room[1] = '/';
    else
        memcpy(room + 1, path->data + start, end - start);
    made.size = (start == end ? 1 : end - start) + 2;
    room[made.size - 1] = ']';
    return made;
}

/* The names of binaries, one a mapping and one for none, behind all of them. */
static int name_binaries(const fb_profile *profile, fb_frames *frames, fb_text *names)
{
    size_t room = 16;
    uint8_t *at;
    for (size_t i = 0; i < profile->mappings; i++)
        room += profile->string[profile->mapping[i].file].size + 3;
    if (!(frames->made = at = malloc(room)))
        return 0;
    for (size_t i = 0; i < profile->mappings; i++) {
        names[i] = binary_name(&profile->string[profile->mapping[i].file], at);
        at += profile->string[profile->mapping[i].file].size + 3;
    }
    names[profile->mappings] = UNKNOWN;
    return 1;
}

static size_t frame_count(const fb_profile *profile)
{
    size_t count = 0;
    for (size_t i = 0; i < profile->locations; i++)
        count += profile->location[i].lines ? profile->location[i].lines : 1;
    return count;
}

typedef struct {
    const fb_profile *profile;
    fb_frames *frames;
    interning *texts;
    grouping *groups;
    const fb_text *binaries;
    int32_t *of_function, *of_binary; /* -1: not looked at yet */
    int32_t nothing;
} naming;

static int32_t binary_group(naming *now, int32_t mapping)
{
    size_t at = mapping < 0 ? now->profile->mappings : (size_t)mapping;
    if (now->of_binary[at] < 0)
        now->of_binary[at] =
            group(now->groups, now->texts, intern(now->texts, &now->binaries[at]), now->nothing);
    return now->of_binary[at];
}

static int32_t function_group(naming *now, int32_t function, int32_t mapping, int by_file)
{
    const fb_function *named = &now->profile->function[function];
    if (!now->profile->string[named->name].size)
        return binary_group(now, mapping);
    if (now->of_function[function] < 0) {
        int32_t name = intern_string(now->texts, named->name);
        int32_t file = by_file ? intern_string(now->texts, named->file) : now->nothing;
        now->of_function[function] = group(now->groups, now->texts, name, file);
    }
    return now->of_function[function];
}

static void name_all(naming *now, int by_file)
{
    const fb_profile *profile = now->profile;
    int32_t *out = now->frames->groups;
    size_t line = 0;
    now->nothing = intern_string(now->texts, 0);
    for (size_t i = 0; i < profile->locations; i++) {
        const fb_location *location = &profile->location[i];
        now->frames->offsets[i] = out - now->frames->groups;
        if (!location->lines)
            *out++ = binary_group(now, location->mapping);
        for (size_t end = line + location->lines; line < end; line++)
            *out++ = function_group(now, profile->line_function[line], location->mapping, by_file);
    }
    now->frames->offsets[profile->locations] = out - now->frames->groups;
    now->frames->count = now->groups->count;
}

fb_code fb_name_frames(const fb_profile *profile, int by_file, fb_frames *frames)
{
    interning texts = {0};
    grouping groups = {0};
    size_t binaries = profile->mappings + 1;
    fb_text *names = malloc(binaries * sizeof *names);
    naming now = {profile, frames, &texts, &groups, names, NULL, NULL, 0};
    fb_code code = FB_NO_MEMORY;
    memset(frames, 0, sizeof *frames);
    frames->locations = profile->locations;
    frames->frames = frame_count(profile);
    frames->offsets = malloc((profile->locations + 1) * sizeof *frames->offsets);
    frames->groups = malloc((frames->frames + 1) * sizeof *frames->groups);
    now.of_function = malloc((profile->functions + 1) * sizeof *now.of_function);
    now.of_binary = malloc(binaries * sizeof *now.of_binary);
    if (names && frames->offsets && frames->groups && now.of_function && now.of_binary &&
        start_interning(&texts, profile, binaries) &&
        start_grouping(&groups, frames, profile->functions + binaries) &&
        name_binaries(profile, frames, names)) {
        memset(now.of_function, 0xFF, (profile->functions + 1) * sizeof *now.of_function);
        memset(now.of_binary, 0xFF, binaries * sizeof *now.of_binary);
        name_all(&now, by_file);
        code = FB_OK;
    }
    free(names);
    free(now.of_function);
    free(now.of_binary);
    free(texts.of_string);
    free(texts.texts);
    free(texts.slots);
    free(groups.pairs);
    free(groups.slots);
    if (code)
        fb_free_frames(frames);
    return code;
}

void fb_free_frames(fb_frames *frames)
{
    free(frames->offsets);
    free(frames->groups);
    free(frames->names);
    free(frames->files);
    free(frames->made);
    memset(frames, 0, sizeof *frames);
}
