"""Which items of a claim a run computes where others share its store: those that no other has."""

from collections.abc import Sequence
from typing import Any

from checks.suite.executors import Begins
from checks.suite.store import Store
from checks.verdicts import Table


class Turns:
    """Which items of a claim this run computes, and what others on the store have computed."""

    def __init__(self, store: Store | None, items: Sequence[dict[str, Any]]) -> None:
        """Of a claim's ``items`` in the store, if there is one."""
        self._store, self._items = store, items
        self._leases = None if store is None else store.leases
        self._taken: set[int] = set()
        self._shared = self._leases is not None
        self.others: dict[int, Table] = {}

    def of(self, positions: Sequence[int]) -> Begins:
        """Whether it is this run that computes one of the items."""
        return lambda position: self._begins(positions[position])

    def _begins(self, i: int) -> bool:
        if self._store is None or self._leases is None or not self._shared:
            return True
        if not self._leases.take(self._store.key(self._items[i])):
            return False
        self._taken.add(i)
        found = self._store.get(self._items[i])  # who held it may have computed it
        if found is None:
            return True
        self.others[i] = found
        self.end(i)
        return False

    def end(self, i: int) -> None:
        """The item is computed and kept, or will not be."""
        if self._store is not None and self._leases is not None and i in self._taken:
            self._taken.discard(i)
            self._leases.give_back(self._store.key(self._items[i]))

    def alone(self) -> None:
        """Rows are not kept: nobody is to wait for this run's, nor it for those of others."""
        self._shared = False
        self.close()

    def close(self) -> None:
        """Nothing more is computed for the claim."""
        for i in tuple(self._taken):
            self.end(i)
