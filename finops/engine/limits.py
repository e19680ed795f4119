"""How much the engine takes from outside before it refuses. Every door uses these figures."""

# A merged hour of a large service is 7-40 MB compressed; 128 MiB leaves room without letting one upload
# fill a small machine.
MAX_PROFILE_BYTES = 128 << 20

# 15 times the largest real profile met (35 MB gzipped, 88 MB inflated, had a million samples). 48 KB of
# gzip can claim 50 MB, so the bound is on what comes out.
MAX_INFLATED = 512 << 20

# Profilers cut stacks at 64 to 2,048 frames. More than this is a file made to hurt: a few bytes of a
# stack can name one location with millions of inlined lines.
MAX_STACK_FRAMES = 1 << 16

# Frames of all stacks together, inlined ones included; a million samples have about 33 million.
MAX_FRAMES = 1 << 26

# Inlining makes several frames of one entry of a stack. Six hundred bytes can make 130 million of them, which
# take minutes to walk; so beyond the first four million their mean is looked at.
MAX_MEAN_INLINED = 16
FREE_FRAMES = 1 << 22

# Nodes of the call trie of one profile. Stacks that differ in their outermost frame alone share none, so that
# 84 KB can make 60 million; a busy service's has some ten thousand.
MAX_NODES = 1 << 21

# Samples, locations, functions, mappings and strings of one profile. The largest real one, with a million
# samples, was 35 MB; 128 MiB of its kind, which is what is let in, would have 4 million.
MAX_MESSAGES = 1 << 22

# The same with the labels of samples and the lines of locations.
MAX_INNER_MESSAGES = 1 << 23

# The real profiles measured have 11 to 55 bytes a message in the mean. An empty one takes two, and a gzip of
# 48 KB can hold 25 million of those; so beyond the first 262,144 their mean is looked at.
MIN_MESSAGE_BYTES = 4
FREE_MESSAGES = 1 << 18

# Numbers of all messages together, nearly all entries of stacks; a million samples have about 33 million.
MAX_NUMBERS = 1 << 27

# One sample or location: the 65,536 frames that a stack may have, at 16 bytes each.
MAX_MESSAGE_BYTES = 1 << 20
