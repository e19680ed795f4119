"""A claim held against what was measured and paid for."""

from hypothesis import given
from hypothesis import strategies as st

from finops.costs.division import Capacity, Rest, Words, by_shares, count, ratio_text, settled, unclaimed
from finops.domain.charge import ChargeKind
from tests.finops.costs.notation import usage

REST = Rest(ChargeKind.NOT_PROFILED, ChargeKind.UNPROFILED_OR_IDLE)
WORDS = Words("the profile", "measured", "paid", "look", "measure")

rows = st.lists(
    st.integers(0, 10**18).flatmap(
        lambda paid: st.tuples(st.just(paid), st.none() | st.integers(0, paid), st.integers(0, 10**15))
    ),
    min_size=1,
    max_size=5,
)
claims = st.integers(0, 10**19)


def capacity_of(each: list[tuple[int, int | None, int]]) -> Capacity:
    return Capacity(tuple(paid for paid, _, _ in each), tuple(measured for _, measured, _ in each))


@given(each=rows, claim=claims)
def test_a_claim_counts_whole_within_bounds_and_each_row_within_its_own(
    each: list[tuple[int, int | None, int]], claim: int
) -> None:
    capacity, laid_by = capacity_of(each), [weight for _, _, weight in each]
    counted = count(claim, capacity, laid_by if any(laid_by) else capacity.paid, "demand", WORDS)

    assert counted.is_held or sum(counted.rows) == min(claim, sum(capacity.bounds))
    assert all(0 <= part <= bound for part, bound in zip(counted.rows, capacity.bounds, strict=False))
    assert counted.is_held == (counted.note != "" and counted.method == "")


@given(
    each=rows, claim=claims, folded=st.sampled_from(["a 1", "a 3\n2", "5", "a 0"]), beyond=st.integers(0, 3)
)
def test_the_kinds_of_a_row_add_up_to_what_was_paid_for(
    each: list[tuple[int, int | None, int]], claim: int, folded: str, beyond: int
) -> None:
    capacity, said = capacity_of(each), usage(folded, beyond_stacks=beyond)
    claim = claim if said.total else 0
    counted = count(claim, capacity, capacity.bounds, "demand", WORDS)

    for division in (settled(capacity, counted, [said], REST), unclaimed(capacity, REST)):
        assert tuple(sum(row.values()) for row in division.rows) == capacity.paid
        assert all(quantity >= 0 for row in division.rows for quantity in row.values())


def test_bounds_are_what_was_measured_only_where_all_was() -> None:
    measured, mixed = Capacity((8, 8), (3, 4)), Capacity((8, 8), (3, None))

    assert (measured.bounds, measured.is_mixed) == ((3, 4), False)
    assert (mixed.bounds, mixed.is_mixed) == ((8, 8), True)
    assert not Capacity((8, 8), (None, None)).is_mixed
    assert Capacity((8, 8), (9, None)).is_exceeded


def test_shares_take_the_bounds_and_keep_the_ratio_where_there_is_one() -> None:
    capacity = Capacity((8,), (4,))

    assert [by_shares(claim, capacity).claim_ratio for claim in (2, 4, None)] == ["0.5000", "", ""]
    assert by_shares(2, capacity).rows == (4,)


def test_a_ratio_is_exact_at_any_size() -> None:
    assert ratio_text(10**40, 3 * 10**39) == "3.3333"
    assert ratio_text(10**40, 1) == f"{10**40}.0000"
