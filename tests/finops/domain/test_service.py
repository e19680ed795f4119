"""Whose a name is."""

from hypothesis import given
from hypothesis import strategies as st

from finops.domain.service import Registry, Service, clashes

CHECKOUT = Service("checkout", ("checkout-api", "co-*"), team="payments")
COLD = Service("cold", ("co-ld",))
REGISTRY = Registry((CHECKOUT, COLD))

names = st.text(alphabet="abco-*?[]", min_size=1, max_size=8)


def test_a_service_goes_by_its_own_name_and_by_its_others() -> None:
    assert [REGISTRY.claim(name) for name in ("checkout", "checkout-api", "co-worker")] == [CHECKOUT] * 3


def test_an_exact_name_comes_before_any_pattern() -> None:
    assert REGISTRY.claim("co-ld") == COLD
    assert REGISTRY.claim("co-lder") == CHECKOUT


def test_the_first_pattern_wins() -> None:
    assert Registry((Service("a", ("x*",)), Service("b", ("x*",)))).claim("xy").name == "a"


def test_a_name_that_nobody_claims_is_kept_and_not_guessed() -> None:
    assert REGISTRY.claim("Checkout") == Service("Checkout", is_claimed=False)


@given(name=names)
def test_without_a_declared_service_each_name_is_one(name: str) -> None:
    assert Registry().claim(name) == Service(name)


@given(
    name=names,
    services=st.lists(st.builds(Service, names, st.lists(names, max_size=3).map(tuple)), max_size=4),
)
def test_a_name_always_has_exactly_one_service(name: str, services: list[Service]) -> None:
    found = Registry(tuple(services)).claim(name)

    assert found in services or (found.name == name and found.is_claimed == (not services))
    if any(each.name == name for each in services):
        assert name in {found.name, *found.names}


def test_only_a_declared_name_is_found() -> None:
    assert REGISTRY.find("cold") == COLD
    assert REGISTRY.find("co-ld") is None


def test_a_name_that_two_services_claim_is_a_clash() -> None:
    assert clashes([CHECKOUT, COLD]) == []
    assert clashes([Service("a", ("x", "x")), Service("b", ("x", "a"))]) == [
        "'x' is claimed by 'a' and by 'b'",
        "'a' is claimed by 'a' and by 'b'",
    ]
