"""The operations of a client: plan, ask, stage, and let the new set count at the very end.

Whatever fails or is interrupted, the set that counted before still does. What is asked of
registries and of the user happens before the lock is taken; under the lock the plan is made
anew if another process was quicker, with the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kadr_sdk.errors import NotFoundError
from kadr_sdk.installed import CURRENT, InstalledSet, current_number, read_set

from kadr_registry.client.consent import Consent, denied
from kadr_registry.client.lockfile import FILE_NAME, Lock, read_lock
from kadr_registry.client.places import Places
from kadr_registry.client.plan import Plan, check_together
from kadr_registry.client.planner import Planner, Terms
from kadr_registry.client.publishers import Publishers
from kadr_registry.client.staging import Stage
from kadr_registry.faults import RegistryError
from kadr_registry.files import write_whole

__all__ = ["Client"]


@dataclass(slots=True)
class Client:
    """Works on one store.

    Attributes:
        planner: of the same store.
        consent: asks the user.
        report: told what is being done, for people.
    """

    places: Places
    planner: Planner
    consent: Consent
    report: Callable[[str], object] = lambda _text: None

    # -- what is there

    def current(self) -> InstalledSet:
        """The set that counts.

        Raises:
            RegistryError: it is damaged.
        """
        try:
            number = current_number(self.places.root)
            return read_set(self.places.root, number) if number else InstalledSet()
        except (OSError, ValueError) as error:
            hint = "put a former set back: kadr plugin rollback"
            raise RegistryError(f"what is installed cannot be read: {error}", hint=hint) from error

    def lock(self) -> Lock:
        """The lock of the set that counts.

        Raises:
            RegistryError: it is damaged.
        """
        number = self.current().number
        return read_lock(self.places.generations / str(number) / FILE_NAME) if number else Lock()

    # -- operations

    def install(self, asks: Mapping[str, str], terms: Terms) -> Plan:
        """Install plugins and what they require; those that are there stay where they are.

        Raises:
            ConflictError, NotFoundError, RevokedError, TrustError, UnreachableError: see there.
            PermissionDeniedError: the user said no.
        """
        self.planner.not_of_the_host(asks)

        def make(lock: Lock) -> Plan:
            return self.planner.plan(lock, {**lock.asked, **asks}, frozenset(asks), terms, stay=True)

        return self._carry_out(make, f"install {' '.join(sorted(asks))}", terms, needed=frozenset(asks))

    def update(self, names: Sequence[str], terms: Terms) -> Plan:
        """Bring plugins, or all of them, to the newest releases that fit and that the user allows."""
        self._installed(names, self.lock())
        held: dict[str, str] = {}

        def make(lock: Lock) -> Plan:
            return self.planner.plan(lock, lock.asked, frozenset(names or lock.plugins), terms, held=held)

        why = f"update {' '.join(names)}".strip()
        while True:
            before = dict(held)
            plan = self._carry_out(make, why, terms, held=held)
            if held == before:
                return replace(plan, held=held)

    def remove(self, names: Sequence[str], terms: Terms) -> Plan:
        """Remove plugins and what only they required; their grants and data stay until ``purge``.

        Raises:
            RegistryError: another plugin requires one of them.
        """
        self._installed(names, self.lock())

        def make(lock: Lock) -> Plan:
            asked = {name: wanted for name, wanted in lock.asked.items() if name not in names}
            kept = lock.closure(asked)
            for name in names:
                if users := [u for u in lock.needed_by(name) if u in kept]:
                    text = f"{name} is required by {', '.join(users)}"
                    raise RegistryError(
                        text, hint=f"remove them too: kadr plugin remove {name} {' '.join(users)}"
                    )
            after = Lock.of(asked, (lock.plugins[name] for name in kept))
            return self.planner.exactly(lock, after)

        return self._carry_out(make, f"remove {' '.join(names)}", terms)

    def sync(self, wanted: Lock | None, terms: Terms) -> Plan:
        """Make the store hold exactly what a lock says; without one, repair what it holds.

        Raises:
            RevokedError: a release of the lock was revoked.
            TrustError: a release is not what the lock says.
        """

        def make(lock: Lock) -> Plan:
            target = lock if wanted is None else wanted
            plan = self.planner.exactly(lock, target)
            self.planner.not_of_the_host(target.plugins)
            check_together(plan.records.values(), self.planner.host)
            return plan

        return self._carry_out(
            make, "sync", terms, needed=frozenset(wanted.plugins if wanted else ()), repair=True
        )

    def rollback(self, number: int | None = None) -> tuple[InstalledSet, InstalledSet]:
        """Let a former set count again, by default the one before; what counted and what does now.

        Raises:
            NotFoundError: there is no such generation.
            RevokedError: a plugin of it was revoked.
        """
        with self.places.locked():
            now, known = self._readable(), self._stage().numbers()
            target = self._before(now, known) if number is None else number
            if target == now.number or target not in (0, *known):
                raise NotFoundError("generation", str(target), [str(n) for n in known if n != now.number])
            if target:
                self._put_back(target)
            self._count(target)
            return now, read_set(self.places.root, target) if target else InstalledSet()

    def _put_back(self, number: int) -> None:
        """Have everything of a generation on the disk, whole."""
        lock = read_lock(self.places.generations / str(number) / FILE_NAME)
        self.planner.not_revoked(lock)
        for one in lock.plugins.values():
            self._stage().package(self.planner.record(one), one)

    @staticmethod
    def _before(now: InstalledSet, known: Sequence[int]) -> int:
        if not now.number:  # nothing counts, or it cannot be read: the newest of what is there
            return known[-1] if known else 0
        return now.before

    def _readable(self) -> InstalledSet:
        try:
            return self.current()
        except RegistryError:
            return InstalledSet()

    @staticmethod
    def _installed(names: Iterable[str], lock: Lock) -> None:
        for name in names:
            if name not in lock.plugins:
                raise NotFoundError("plugin installed from a registry", name, lock.plugins)

    # -- carrying out

    def _carry_out(
        self,
        make: Callable[[Lock], Plan],
        why: str,
        terms: Terms,
        *,
        needed: frozenset[str] = frozenset(),
        held: dict[str, str] | None = None,
        repair: bool = False,
    ) -> Plan:
        """Plan, ask and fetch; then, under the lock, write the set and let it count.

        Args:
            needed: plugins without which nothing is done; a no to another one holds it back.
            held: takes the plugins that are held back; then nothing is done yet.
        """
        seen = self.current().number
        plan = make(self.lock())
        if self._ask(plan, needed, held) or terms.dry:
            return plan
        self._unchanged(plan, terms)
        self._fetch(plan)
        with self.places.locked():
            if self.current().number != seen:
                plan = make(self.lock())
                if self._ask(plan, needed, held):
                    return plan
                self._unchanged(plan, terms)
            if plan.changes or repair:
                self._write(plan, why)
        self.consent.write_down((plan.records[one.id], one) for one in plan.after.plugins.values())
        return plan

    def _ask(self, plan: Plan, needed: frozenset[str], held: dict[str, str] | None) -> bool:
        """Ask for everything that is new; True where something is held back now."""
        waiting = False
        for change in plan.changes:
            if not change.new:
                continue
            locked = plan.after.plugins[change.id]
            reason = self.consent.refusal(plan.records[change.id], locked)
            if not reason:
                continue
            if held is None or not change.old or change.id in needed:
                raise denied(reason)
            held[change.id] = reason
            waiting = True
        return waiting

    @staticmethod
    def _unchanged(plan: Plan, terms: Terms) -> None:
        if terms.locked and plan.changes:
            rows = ", ".join(f"{c.id} {c.old or 'nothing'} to {c.new or 'nothing'}" for c in plan.changes)
            raise RegistryError(
                f"the lock would change: {rows}", hint="leave --locked out, or change the lock first"
            )

    def _fetch(self, plan: Plan) -> None:
        stage = self._stage()
        for change in plan.changes:
            if change.new:
                self.report(f"fetching {change.id} {change.new}")
                stage.fetch(plan.records[change.id])

    def _write(self, plan: Plan, why: str) -> None:
        stage, now = self._stage(), self.current()
        number = max((*stage.numbers(), now.number)) + 1
        self.report("installing")
        rows = tuple(stage.package(plan.records[one.id], one) for one in plan.after.plugins.values())
        native = [record for record in plan.records.values() if record.tier == "native"]
        site = stage.site(stage.wheels(native))
        if not plan.changes and (rows, site) == (now.plugins, now.site):
            return  # a repair: the same set counts on
        found = InstalledSet(number, rows, site, now.number, why)
        stage.generation(plan.after, found)
        Publishers(self.places.root).remember({p.id: p.publisher for p in plan.after.plugins.values()})
        self._count(number)
        stage.sweep(found, lambda n: read_set(self.places.root, n))

    def _count(self, number: int) -> None:
        """The one step that changes what is installed."""
        write_whole(self.places.root / CURRENT, f"{number}\n".encode())

    def _stage(self) -> Stage:
        return Stage(self.places, self.planner.blob)
