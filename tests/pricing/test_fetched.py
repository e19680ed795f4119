from pricing.fetched import Rejected, Rejection, tally


def test_the_most_frequent_reason_stands_first_with_three_examples() -> None:
    rejections = [Rejection("not Linux", f"c5.{size}xlarge") for size in (2, 2, 4, 9, 12)]

    assert tally([Rejection("of another region", "m5.large"), *rejections]) == (
        Rejected("not Linux", 5, ("c5.2xlarge", "c5.4xlarge", "c5.9xlarge")),
        Rejected("of another region", 1, ("m5.large",)),
    )


def test_nothing_left_out_is_nothing_to_tell() -> None:
    assert tally([]) == ()
