"""All names of a configuration as a state machine: tables, and properties under any order of events."""

from __future__ import annotations

from typing import Any

from discovery_support import by_name, config
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meshcore.discovery.answer import Answer, Question
from meshcore.discovery.names import Names
from meshcore.model import Discovery, DnsSettings

A, B = Question("a"), Question("b")
SOME = Answer(("10.0.0.1",), 30.0)


def names(*clusters: Any) -> Names:
    made = Names(lambda: 0.5)
    made.commit(config(*clusters), 0.0)
    return made


def test_clusters_with_one_name_share_its_lookup() -> None:
    made = names(by_name("c", "a"), by_name("d", "a", discovery=Discovery.LOGICAL_DNS), by_name("e", "b"))
    assert made.due(0.0, 9) == [A, B]
    assert made.due(0.0, 9) == []  # they are under way
    assert made.next_at() is None
    assert made.answered(A, SOME, 1.0) == ["c", "d"]
    assert made.answered(A, SOME, 2.0) == []  # no news
    assert made.next_at() == 7.0


def test_no_more_than_the_limit_and_the_longest_waiting_first() -> None:
    made = names(by_name("c", "a"), by_name("d", "b"))
    assert made.due(0.0, 1) == [A]
    made.answered(A, SOME, 0.0)
    assert made.due(9.0, 1) == [B]
    assert made.due(9.0, 1) == [A]
    assert made.due(9.0, 0) == []


def test_those_to_be_warm_are_waited_for_until_they_answer_or_fail() -> None:
    cold = by_name("d", "b", dns=DnsSettings(wait_for_warm=False))
    made = names(by_name("c", "a"), cold)
    assert made.waiting() == {A}
    made.failed(A, "refused", 0.0)
    assert made.waiting() == set()


def test_a_configuration_to_come_is_looked_up_before_it_is_served() -> None:
    made = names(by_name("c", "a"))
    made.due(0.0, 9)
    made.answered(A, SOME, 0.0)
    upcoming = config(by_name("c", "a"), by_name("d", "b"))
    made.prepare(upcoming, 1.0)
    assert made.waiting() == {B}
    assert made.due(1.0, 9) == [B]  # a is known already
    assert made.answered(B, SOME, 2.0) == []  # nobody is served by it yet
    assert made.config(upcoming).clusters[1].endpoints[0].authority == "10.0.0.1:80"
    made.commit(upcoming, 3.0)
    assert [one.authority for one in made.resolved("d").endpoints] == ["10.0.0.1:80"]
    assert made.due(3.0, 9) == []  # both keep their answers and their times


def test_what_is_not_served_after_all_is_forgotten() -> None:
    made = names(by_name("c", "a"))
    made.prepare(config(by_name("d", "b")), 0.0)
    made.abandon(0.0)
    assert made.due(0.0, 9) == [A]
    made.commit(config(), 1.0)
    assert made.answered(A, SOME, 2.0) == []
    assert made.next_at() is None


def test_what_admin_pages_say() -> None:
    made = names(by_name("c", "a"), by_name("d", "b"))
    made.due(0.0, 9)
    made.answered(A, SOME, 10.0)
    made.failed(A, "refused", 12.0)
    assert made.describe("c", 13.5) == [
        {
            "name": "a",
            "family": "AUTO",
            "addresses": ["10.0.0.1"],
            "ttl": 30.0,
            "age": 3.5,
            "next_refresh": 3.5,
            "failures": 1,
            "last_error": "refused",
        }
    ]
    (unknown,) = made.describe("d", 13.5)
    assert (unknown["addresses"], unknown["age"], unknown["next_refresh"]) == (None, None, None)
    assert made.describe("nobody", 0.0) == []


NAMES = ("a", "b", "c")
CLUSTERS = st.builds(
    by_name,
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from(NAMES),
    discovery=st.sampled_from([Discovery.STRICT_DNS, Discovery.LOGICAL_DNS]),
    dns=st.builds(
        DnsSettings,
        refresh_rate=st.floats(0.1, 100),
        failure_base=st.none() | st.floats(0.1, 10),
        jitter=st.floats(0, 10),
        respect_ttl=st.booleans(),
    ),
)
CONFIGS = st.lists(CLUSTERS, max_size=3, unique_by=lambda cluster: cluster.name).map(
    lambda made: config(*made)
)
ANSWERS = st.builds(
    Answer,
    st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "::1"]), unique=True).map(tuple),
    st.none() | st.floats(0, 1000),
)


class NamesMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: answers are kept, nothing is asked twice at a time, and what is
    served is the last good answer."""

    @initialize(given=CONFIGS, draw=st.floats(0, 1, exclude_max=True))
    def begin(self, given: Any, draw: float) -> None:
        self.now = 0.0
        self.names = Names(lambda: draw)
        self.under_way: list[Question] = []
        self.model: dict[str, Answer] = {}
        self.usable: dict[str, tuple[str, ...]] = {}
        self.commit(given)

    @rule(given=CONFIGS)
    def commit(self, given: Any) -> None:
        self.names.commit(given, self.now)
        wanted = {one.address for cluster in given.clusters for one in cluster.endpoints}
        self.model = {name: answer for name, answer in self.model.items() if name in wanted}
        self.usable = {name: found for name, found in self.usable.items() if name in wanted}
        self.under_way = [question for question in self.under_way if question.name in wanted]

    @rule(seconds=st.floats(0, 200))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(limit=st.integers(0, 3))
    def ask(self, limit: int) -> None:
        due = self.names.due(self.now, limit)
        assert len(due) <= limit
        assert not set(due) & set(self.under_way)
        self.under_way += due

    @precondition(lambda self: self.under_way)
    @rule(answer=ANSWERS)
    def answer(self, answer: Answer) -> None:
        question = self.under_way.pop(0)
        news = self.names.answered(question, answer, self.now)
        before = self.model.get(question.name)
        assert bool(news) == (before is None or before.addresses != answer.addresses)
        self.model[question.name] = answer
        if answer.addresses:
            self.usable[question.name] = answer.addresses

    @precondition(lambda self: self.under_way)
    @rule()
    def fail(self) -> None:
        self.names.failed(self.under_way.pop(0), "refused", self.now)

    @invariant()
    def serves_the_last_good_answers(self) -> None:
        for name, cluster in self.names.clusters.items():
            asked = cluster.endpoints[0].address
            served = [one.address for one in self.names.resolved(name).endpoints]
            if cluster.discovery is Discovery.LOGICAL_DNS:
                usable = self.usable.get(asked)
                assert served == ([asked] if usable else [])
                first = None if usable is None else usable[0]
                found = self.names.addresses().get(name)
                assert (found is None) == (first is None)
                assert first is None or (found or "").strip("[").startswith(first)
            else:
                known = self.model.get(asked)
                assert set(served) == set(() if known is None else known.addresses)

    @invariant()
    def everything_is_under_way_or_due(self) -> None:
        questions = set(self.names.questions())
        assert set(self.under_way) <= questions
        next_at = self.names.next_at()
        assert (next_at is None) == (questions == set(self.under_way))


TestNames = NamesMachine.TestCase
