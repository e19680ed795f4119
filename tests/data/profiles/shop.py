"""A small program to capture: a recursive function, a generator, sorting."""

import time


def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


class Cart:
    def price(self, n: int) -> int:
        return sum(sorted((i * 7919) % 997 for i in range(n)))


def serve(until: float) -> None:
    cart = Cart()
    while time.time() < until:
        fib(18)
        cart.price(3000)


if __name__ == "__main__":
    serve(time.time() + 2)
