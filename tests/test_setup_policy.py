from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.setup.choices import Wish
from device.setup.policy import (
    PARTING_SECONDS,
    Action,
    Event,
    FormSent,
    Joined,
    Looked,
    Opened,
    Phase,
    State,
    Visited,
    step,
)
from device.setup.settings import SetupSettings

SETTINGS = SetupSettings()
WISH = Wish(ssid="Home", password="long enough", pin_hash="$argon2id$x")  # noqa: S106 - a test's
NOBODY, OWN = Looked(), Looked(hotspot=True)


def played(state: State, *events: tuple[float, Event]) -> tuple[State, list[Action]]:
    """Events at their times; the state, and all actions in turn."""
    done: list[Action] = []
    for now, event in events:
        state, actions = step(state, event, now, SETTINGS)
        done += actions
    return state, done


def offering(now: float = 0.0) -> State:
    return State(phase=Phase.OFFERING, since=now)


def test_the_hotspot_opens_after_three_minutes_without_a_network() -> None:
    """Not sooner, and the air is searched first: a hotspot cannot."""
    state, done = played(State(), (0, NOBODY), (179, NOBODY))
    assert (state.phase, done) == (Phase.WATCHING, [])
    state, done = played(state, (180, NOBODY), (181, Opened(well=True)))
    assert (state.phase, done) == (Phase.OFFERING, [Action.SCAN, Action.OPEN])


@pytest.mark.parametrize("seen", [Looked(cable=True), Looked(joined=True)])
def test_a_network_that_was_there_gets_fifteen_minutes(seen: Looked) -> None:
    """A router that restarts opens no hotspot."""
    state, done = played(State(), (0, NOBODY), (100, seen), (102, NOBODY), (1001, NOBODY))
    assert (state.phase, done) == (Phase.WATCHING, [])
    assert played(state, (1002, NOBODY))[1] == [Action.SCAN, Action.OPEN]


def test_without_a_radio_or_a_wish_for_it_no_hotspot_opens() -> None:
    """However long it takes."""
    assert played(State(), (0, Looked(radio=False)), (9999, Looked(radio=False)))[1] == []
    off = SetupSettings(hotspot=False)
    state, _ = step(State(), NOBODY, 0, off)
    assert step(state, NOBODY, 9999, off)[1] == ()


@pytest.mark.parametrize("seen", [Looked(cable=True, hotspot=True), Looked(joined=True)])
def test_the_hotspot_closes_when_a_network_is_there(seen: Looked) -> None:
    """By cable, or by a known Wi-Fi on another radio."""
    state, done = played(offering(), (5, seen))
    assert (state.phase, done) == (Phase.WATCHING, [Action.CLOSE])


def test_the_hotspot_closes_for_a_look_when_nobody_is_on_its_page() -> None:
    """Ten minutes after the last visit; a minute later it is back, or the known network is."""
    state, done = played(offering(), (500, OWN), (550, Visited()), (1149, OWN))
    assert (state.phase, done) == (Phase.OFFERING, [])
    state, done = played(state, (1150, OWN))
    assert (state.phase, done) == (Phase.LOOKING, [Action.CLOSE])
    assert played(state, (1180, Looked(joined=True)))[0].phase is Phase.WATCHING
    assert played(state, (1209, NOBODY))[1] == []
    assert played(state, (1210, NOBODY))[1] == [Action.SCAN, Action.OPEN]


def test_a_form_is_answered_before_the_hotspot_goes() -> None:
    """The goodbye has four seconds to reach the phone; then it closes, then it joins."""
    state, done = played(offering(), (10, FormSent(WISH)), (10 + PARTING_SECONDS - 1, OWN))
    assert (state.phase, done) == (Phase.PARTING, [])
    state, done = played(state, (10 + PARTING_SECONDS, OWN))
    assert (state.phase, done) == (Phase.JOINING, [Action.CLOSE, Action.JOIN])


def test_what_was_chosen_is_kept_only_when_the_network_was_joined() -> None:
    """Joined: kept, and over."""
    joining = State(phase=Phase.JOINING, wish=WISH)
    state, done = played(joining, (60, Joined()))
    assert (state.phase, done, state.trouble) == (Phase.WATCHING, [Action.KEEP], "")


def test_a_network_that_does_not_let_in_brings_the_hotspot_back() -> None:
    """With why, and with all that was typed but the password."""
    joining = State(phase=Phase.JOINING, wish=WISH)
    state, done = played(joining, (60, Joined("password")), (61, Opened(well=True)))
    assert (state.phase, done) == (Phase.OFFERING, [Action.SCAN, Action.OPEN])
    assert (state.trouble, state.wish) == ("password", replace(WISH, password=""))


def test_a_second_form_counts_for_nothing_while_the_first_is_tried() -> None:
    """Whoever presses twice joins once."""
    other = FormSent(replace(WISH, ssid="Other"))
    state, _ = played(offering(), (1, FormSent(WISH)), (2, other))
    assert state.wish == WISH


def test_a_hotspot_that_does_not_open_is_tried_again_after_thirty_seconds() -> None:
    """Neither at once nor after minutes."""
    state, _ = played(State(), (0, NOBODY), (180, NOBODY), (181, Opened(well=False)))
    assert state.phase is Phase.WATCHING
    assert played(state, (210, NOBODY))[1] == []
    assert played(state, (211, NOBODY))[1] == [Action.SCAN, Action.OPEN]


EVENTS = st.one_of(
    st.builds(Looked, cable=st.booleans(), joined=st.booleans(), radio=st.booleans()),
    st.builds(Opened, st.booleans()),
    st.just(Visited()),
    st.just(FormSent(WISH)),
    st.builds(Joined, st.sampled_from(["", "password", "other"])),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 700), EVENTS), max_size=60))
def test_whatever_happens_the_hotspot_is_as_it_should_be(
    story: list[tuple[float, Event]],
) -> None:
    """It never opens twice, never in a network, and nobody joins while it is up."""
    state, now, up, online = State(), 0.0, False, False
    for seconds, told in story:
        now += seconds
        event = replace(told, hotspot=up) if isinstance(told, Looked) else told
        if isinstance(event, Looked):
            online = event.online
        before = state
        state, actions = step(state, event, now, SETTINGS)
        for action in actions:
            if action is Action.OPEN:
                assert not up
                assert not online or isinstance(event, Joined)
                up = True
            elif action is Action.CLOSE:
                up = False
            elif action is Action.JOIN:
                assert not up
                assert state.wish is not None
        if isinstance(event, Opened) and before.phase is Phase.OPENING and not event.well:
            up = False
        if state.phase in {Phase.WATCHING, Phase.LOOKING, Phase.JOINING}:
            assert not up
        if state.phase in {Phase.OFFERING, Phase.PARTING}:
            assert up


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 700), EVENTS), max_size=40))
def test_no_story_ends_where_nothing_leads_on(story: list[tuple[float, Event]]) -> None:
    """Left without a network for an hour, with a radio that works, there is a hotspot."""
    state, now = State(), 0.0
    for seconds, event in story:
        now += seconds
        state, _ = step(state, event, now, SETTINGS)
    offered = False
    for _ in range(360):
        now += 10
        looked = Looked(hotspot=state.phase in {Phase.OFFERING, Phase.PARTING})
        state, actions = step(state, looked, now, SETTINGS)
        if Action.JOIN in actions or state.phase is Phase.JOINING:
            state, _ = step(state, Joined("other"), now, SETTINGS)
        if state.phase is Phase.OPENING:
            state, _ = step(state, Opened(well=True), now, SETTINGS)
        offered = offered or state.phase is Phase.OFFERING
    assert offered
