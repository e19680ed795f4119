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
MAX_FRAMES = 1 << 30
