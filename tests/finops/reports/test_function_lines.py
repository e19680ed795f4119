from dataclasses import replace

from finops.costs.interval import cost_interval
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.reports.function_lines import FunctionLine, absent, dearest, lines, rest, sampling_error
from tests.finops.costs.notation import function
from tests.finops.storage.notation import cost

MONDAY = [cost("main", "1", "100"), cost("serve", "60", "90"), cost("parse", "35"), cost(None, "4")]
TUESDAY = [cost("main", "1", "50", on=1), cost("serve", "48", "49", on=1), cost(None, "1", on=1)]
WEEK = [*MONDAY, *TUESDAY]


def named(found: list[FunctionLine]) -> list[str]:
    return [line.function.name if line.function else "[other]" for line in found]


def test_days_are_added_up_and_keep_the_whole() -> None:
    every = lines(WEEK, Resource.CPU)
    serve = next(line for line in every if line.function == function("serve"))

    assert (serve.self_cost, serve.total_cost, serve.days) == (Money.of("108"), Money.of("139"), 2)
    assert (serve.self_observations, serve.total_observations) == (108, 139)
    assert total(line.self_cost for line in every) == total(each.self_cost for each in WEEK)
    assert named(every)[-1] == "[other]"
    assert every[-1].total_cost is None


def test_of_another_resource_there_is_nothing() -> None:
    assert lines(WEEK, Resource.MEMORY) == []


def test_the_dearest_by_self_and_by_total_differ() -> None:
    every = lines(WEEK, Resource.CPU)

    assert named(dearest(every, "self", 2)) == ["serve", "parse"]
    assert named(dearest(every, "total", 2)) == ["main", "serve"]
    assert named(dearest(every, "self", 0)) == ["serve", "parse", "main"]


def test_what_is_not_listed_is_one_line_that_keeps_the_whole() -> None:
    every = lines(WEEK, Resource.CPU)
    listed = dearest(every, "self", 1)
    left = rest(every, listed)

    assert left is not None
    assert left.self_cost + listed[0].self_cost == total(each.self_cost for each in WEEK)
    assert (left.function, left.total_cost, left.total_interval) == (None, None, None)
    assert left.self_observations == 150 - 108


def test_where_all_is_listed_there_is_no_rest() -> None:
    every = lines([cost("main", "1", "61"), cost("serve", "60")], Resource.CPU)

    assert rest(every, dearest(every, "self", 0)) is None


def test_unknown_observations_of_one_day_leave_no_interval() -> None:
    unknown = [replace(each, self_observations=None, total_observations=None) for each in TUESDAY]
    serve = dearest(lines([*MONDAY, *unknown], Resource.CPU), "self", 1)[0]

    assert (serve.self_observations, serve.interval, serve.total_interval) == (None, None, None)
    assert serve.self_cost == Money.of("108")


def test_an_interval_surrounds_the_cost_it_is_of() -> None:
    for line in lines(WEEK, Resource.CPU):
        assert line.interval is not None
        assert line.interval.low <= line.self_cost <= line.interval.high


def test_memory_has_no_interval() -> None:
    heap = [replace(each, resource=Resource.MEMORY) for each in MONDAY]

    assert all(line.interval is None for line in lines(heap, Resource.MEMORY))
    assert sampling_error(Money.of("1"), Money.of("2"), Resource.MEMORY, 100) is None


def test_a_function_that_is_not_there_cost_nothing_as_far_as_samples_tell() -> None:
    every = lines(MONDAY, Resource.CPU)
    gone = absent(function("gone"), every, "USD")

    assert (gone.self_cost, gone.total_cost, gone.self_observations) == (Money(0), Money(0), 0)
    assert gone.interval == cost_interval(Money.of("100"), 0, 100)
