"""Which package, module or namespace a function belongs to: one rule for every language."""

import re

# Where a receiver, an argument list or type parameters begin; they may hold slashes and dots of their own.
_TAIL = re.compile(r"[(\[{<]")


def package(name: str, file: str) -> str | None:
    """The package of a function, from its name, else from its file; None where neither says.

    A name with a slash is a path up to the first dot behind it (Go). In other names the last part
    is the function, and capitalised parts before it are its classes (Java, Python, Rust, C++). A
    name of one part goes by the directory of its file.

    >>> package("github.com/a/b.(*T).M", "/src/b/t.go"), package("encoding/json.Marshal", "encode.go")
    ('github.com/a/b', 'encoding/json')
    >>> package("main.serve.func1", "/src/main.go"), package("com.acme.shop.Cart.add", "Cart.java")
    ('main', 'com.acme.shop')
    >>> package("std::vector<int>::push_back", ""), package("price", "/app/shop/cart.py")
    ('std', '/app/shop')
    """
    head = _TAIL.split(name, maxsplit=1)[0]
    return _from_path(head, file) or _from_parts(head, file) or _directory(file)


def _from_path(head: str, file: str) -> str | None:
    """Go's own form; also Java's, which some profilers write with slashes and a class at the end."""
    path, slash, last = head.rpartition("/")
    if not slash:
        return None
    last = last.partition(".")[0].replace("%2e", ".")
    is_class = last[:1].isupper() and not file.endswith(".go")
    return path if is_class else f"{path}/{last}"


def _from_parts(head: str, file: str) -> str | None:
    if file.endswith(".go"):
        return head.partition(".")[0] or None
    separator = "::" if "::" in head else "."
    parts = head.split(separator)[:-1]
    while parts and parts[-1][:1].isupper():
        parts.pop()
    return separator.join(parts) or None


def _directory(file: str) -> str | None:
    folder = file.replace("\\", "/").rpartition("/")[0]
    return folder or file or None
