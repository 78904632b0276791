"""The second tier: the server's last pack of this library, ranked on the device.

numpy alone; the blend is the server's own (contracts.ranking).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import Ranked, RecommendRequest
from contracts.ranking import Pack, PackError, rank, read_pack

if TYPE_CHECKING:
    from collections.abc import Iterable


class PackRanker:
    """Ranks with the pack in `content`, made for the library with the hash `library`.

    Raises:
        PackError: the bytes are no pack, or one of another library; ask the server for a new one.

    """

    def __init__(self, content: bytes, library: str) -> None:
        self._pack: Pack = read_pack(content)
        if self._pack.library != library:
            msg = (
                f"the pack is of the library {self._pack.library!r}, this one is {library!r}:"
                " ask the server for another"
            )
            raise PackError(msg)

    @property
    def generation(self) -> str:
        """Which trained model made the pack."""
        return self._pack.generation

    @property
    def listener(self) -> str:
        """Whose taste the pack carries."""
        return self._pack.listener

    def covers(self, tracks: Iterable[str]) -> bool:
        """Whether the pack knows every one of these tracks."""
        return all(track in self._pack.index for track in tracks)

    def rank(self, request: RecommendRequest) -> tuple[Ranked, ...]:
        """The same list that the server gave for the same request when it made the pack."""
        return rank(self._pack, request)
