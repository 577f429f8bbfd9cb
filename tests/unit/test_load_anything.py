"""Any file becomes a configuration or problems, and no message shows a secret."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.cli.check import summary_lines
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError

SECRET = f"cs_{'b' * 40}"
ENV = {"WC_KEY": f"ck_{'a' * 40}", "WC_SECRET": SECRET}

HEADS = ("wcflow", "store s", "segment A", "tag B", "workflow w", "coupon c", "tiers", "wcflw")
WORDS = st.sampled_from(
    [
        *("url", "when", "do", "tag", "trigger", "type", "amount", "include", "database", "once"),
        *("consumer_key", "for_each", "add_note x", "orders_count > 1", "percent", "{{ each }}"),
        *("https://", "sqlite:///", "$X", "per customer", "first_order", "create_coupon c", "="),
        *("(", "'", "10", "none", "segment_entered A", "segments contains 'A'", "-90d", ","),
    ]
)
TEXTS = st.lists(WORDS | st.text(max_size=8), max_size=4).map(" ".join)
ENTRIES = st.tuples(WORDS | st.text(max_size=5), TEXTS, TEXTS).map(
    lambda parts: "{} = {}\n  {}\n".format(*parts)
)
FILES = st.lists(
    st.tuples(st.sampled_from(HEADS), st.lists(ENTRIES, max_size=5)).map(
        lambda parts: f"[{parts[0]}]\n" + "".join(parts[1])
    )
    | st.text(max_size=20),
    max_size=6,
).map("\n".join)


@given(FILES | st.text() | st.binary())
def test_any_file_becomes_a_configuration_or_problems_with_lines(content):
    data = content if isinstance(content, bytes) else content.encode()
    ini = Path("/nowhere/wcflow.ini")

    def read(path):
        if path == ini:
            return data
        raise FileNotFoundError(2, "No such file or directory")

    lines, problems = len(data) + 1, ()
    try:
        assert summary_lines(load_config(ini, ENV, need_store=False, read=read))
    except ConfigError as error:
        problems = error.problems
    assert [] == [each for each in problems if not 0 < each.line <= lines]


@given(st.sampled_from(["consumer_key", "consumer_secret", "consumer_kye", "{}", "x ="]), TEXTS)
def test_no_problem_shows_a_key(key, more):
    line = key.format(SECRET)
    text = f"[store s]\n{line} = {SECRET} {more}\n  {SECRET}\n{line}\n{SECRET}\n"
    with pytest.raises(ConfigError) as caught:
        load_config(Path("/nowhere/w.ini"), ENV, read=lambda _: text.encode())
    assert SECRET not in str(caught.value)
