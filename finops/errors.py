"""Everything this service raises on purpose.

FinopsError
├── ConfigError           the configuration (or a word on the command line) cannot be used
├── NotFound              a name the caller gave is unknown
├── Incomplete            a question lacks what an honest answer needs; the message says what
├── CurrencyMismatch      money of two currencies met
├── BrokenProfile         bytes that are not the profile they claim to be
├── BrokenInput           another file or reply that is not what it claims to be
├── GateRefused           a gate's "no": what was fetched or asked is not let in
├── StorageError          the database is missing, of another schema, or refused a write
│   └── DatabaseUnavailable   it is locked or does not answer; trying again may help
├── Fenced                a run lost its claim and may not write
└── Unavailable           something outside did not answer; trying again may help
    ├── SourceUnavailable     a profile back-end
    └── PricesUnavailable     a price list

The API turns each into a problem document in one place (finops/api/problems.py), the command line
into an exit code in one place (finops/cli/main.py); nothing else does.
"""


class FinopsError(Exception):
    """The root: catch it to catch whatever is raised on purpose."""


class ConfigError(FinopsError):
    """The configuration cannot be used; the message lists every mistake and its place."""


class NotFound(FinopsError):
    """A service, machine type, window or file that the caller named is not known."""


class Incomplete(FinopsError):
    """An honest answer needs something that is missing; the message names it."""


class CurrencyMismatch(FinopsError):
    """Money of two currencies was added, compared or divided."""


class BrokenProfile(FinopsError):
    """Bytes that are not the profile they claim to be; asking again will not help."""


class BrokenInput(FinopsError):
    """A fleet file, a side file or a remote reply that is not what it claims to be."""


class GateRefused(FinopsError):
    """A gate kept something out; what was there before is unchanged."""


class StorageError(FinopsError):
    """The database or the blob store cannot be used as it is."""


class DatabaseUnavailable(StorageError):
    """The database is locked or does not answer; trying again may help."""


class Fenced(StorageError):
    """A run's claim passed to another worker while it slept; it wrote nothing."""


class Unavailable(FinopsError):
    """Something outside did not answer; trying again may help."""


class SourceUnavailable(Unavailable):
    """A profile back-end did not answer."""


class PricesUnavailable(Unavailable):
    """A price list did not answer."""
