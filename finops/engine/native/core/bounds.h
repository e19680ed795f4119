/* How many frames stacks may have, and what is said of those that have more. */
#ifndef FB_BOUNDS_H
#define FB_BOUNDS_H

#include "fb.h"

/* How many frames the stacks may have together, given how many entries they have. */
uint64_t fb_most_frames(const fb_limits *limits, uint64_t entries);

/* What is said of stacks of too many frames names the deepest of them, or how many frames they all have.
 * A walk stops at the first that is too many, and does not know yet: these look again, at no frame more than
 * once for each location. FB_OK where nothing is too many. */
fb_code fb_refuse_frames(const fb_profile *profile, size_t column, const fb_frames *frames, fb_error *error);
fb_code fb_refuse_frames_of(const fb_stacks_of *stacks, const fb_limits *limits, const fb_frames *frames,
                            fb_error *error);

/* The first negative value of a column, where one is. */
fb_code fb_refuse_negative(const fb_profile *profile, size_t column, fb_error *error);
fb_code fb_refuse_negative_of(const fb_stacks_of *stacks, fb_error *error);

/* Values whose sizes do not add up within 63 bits. */
fb_code fb_refuse_overflow_of(const fb_stacks_of *stacks, fb_error *error);

#endif
