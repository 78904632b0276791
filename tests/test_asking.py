"""Which tier is asked, and when the next one."""

from __future__ import annotations

import pytest

from contracts.messages import RecommendRequest, Tier
from device.asking import Asking
from device.effects import Ask, Effect, Note
from device.events import RankingArrived
from device.settings import MusicSettings

QUERY = RecommendRequest(library="hash")
SETTINGS = MusicSettings(answer_within_seconds=2.0, retry_server_seconds=30.0)


@pytest.fixture
def asking() -> Asking:
    """Somebody with all three tiers."""
    asking = Asking(SETTINGS)
    asking.server_came(online=True)
    asking.pack_usable = True
    return asking


def asked(effects: list[Effect]) -> list[tuple[Tier, str]]:
    return [(e.tier, e.request) for e in effects if isinstance(e, Ask)]


def answer(request: str, at: float = 0.0) -> RankingArrived:
    return RankingArrived(at=at, request=request, tier=Tier.SERVER)


def test_the_best_tier_is_asked_first(asking: Asking) -> None:
    """The server, else the pack, else the defaults."""
    assert asking.best_tier(0) is Tier.SERVER
    asking.server_came(online=False)
    assert asking.best_tier(0) is Tier.PACK
    asking.pack_usable = False
    assert asking.best_tier(0) is Tier.DEFAULTS


def test_a_silent_tier_is_followed_by_the_next(asking: Asking) -> None:
    """Each has its deadline; after the last there is nobody."""
    assert asked(asking.ask(QUERY, 0)) == [(Tier.SERVER, "r1")]
    assert asking.overdue(1.9) == []
    assert asked(asking.overdue(2.0)) == [(Tier.PACK, "r2")]
    assert asked(asking.overdue(4.0)) == [(Tier.DEFAULTS, "r3")]
    assert asking.overdue(6.0) == [Note(text="nothing in the library can be played now")]
    assert not asking.waiting


def test_without_a_pack_the_defaults_follow_the_server(asking: Asking) -> None:
    """Nobody is asked who has nothing to answer with."""
    asking.pack_usable = False
    asking.ask(QUERY, 0)
    assert asked(asking.overdue(2.0)) == [(Tier.DEFAULTS, "r2")]


def test_an_unusable_answer_is_followed_at_once(asking: Asking) -> None:
    """Without waiting for the deadline."""
    asking.ask(QUERY, 0)
    assert not asking.answered(answer("r1", at=0.1), usable=False)
    assert asked(asking.overdue(0.1)) == [(Tier.PACK, "r2")]
    assert asking.answered(answer("r2"), usable=True)
    assert not asking.waiting


def test_only_the_latest_question_can_be_answered(asking: Asking) -> None:
    """An answer to an older one, or a second answer, is none."""
    asking.ask(QUERY, 0)
    asking.ask(QUERY, 1)
    assert not asking.answered(answer("r1"), usable=True)
    assert asking.answered(answer("r2"), usable=True)
    assert not asking.answered(answer("r2"), usable=True)


def test_a_server_that_goes_is_not_waited_for(asking: Asking) -> None:
    """Its open question goes on at once; a pack's question is left alone."""
    asking.ask(QUERY, 0)
    asking.server_came(online=False)
    assert asked(asking.overdue(0.1)) == [(Tier.PACK, "r2")]
    assert asking.overdue(0.2) == []


def test_a_server_that_failed_is_left_alone_for_a_while(asking: Asking) -> None:
    """For retry_server_seconds, or until it comes back."""
    asking.ask(QUERY, 0)
    asking.overdue(2.0)
    assert asking.best_tier(31.9) is Tier.PACK
    assert asking.best_tier(32.0) is Tier.SERVER
    asking.server_came(online=True)
    assert asking.best_tier(3.0) is Tier.SERVER
