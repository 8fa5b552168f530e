"""Installing, updating, removing and putting back; what goes wrong is one clear error and no change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.client import staging
from kadr_registry.client.audit import audit, outdated
from kadr_registry.client.client import Client
from kadr_registry.client.consent import Answers
from kadr_registry.client.lockfile import Lock, read_lock
from kadr_registry.client.places import Places
from kadr_registry.client.planner import Terms
from kadr_registry.client.registries import Registries
from kadr_registry.faults import RefusedError, RegistryError, RevokedError, TrustError, UnreachableError
from kadr_registry.repository import acceptance
from kadr_registry.repository.publish import yank
from kadr_registry.repository.setup import add_publisher, rotate
from kadr_registry.sources import Source
from kadr_sdk.errors import InvalidParameterError, KadrError, NotFoundError, PermissionDeniedError
from kadr_sdk.installed import CURRENT

GLOW, GRAIN = "org.example.glow", "org.example.grain"


def test_what_is_installed_is_locked_and_found(bench: Any, user: Any) -> None:
    bench.publish(GRAIN, "0.9")
    bench.publish(GLOW, requires=[f"{GRAIN}>=0.5"])
    plan = user.install(GLOW)
    assert [(c.id, c.what, c.new) for c in plan.changes] == [
        (GLOW, "install", "1.0.0"),
        (GRAIN, "install", "0.9"),
    ]
    assert user.there() == {GLOW: "1.0.0", GRAIN: "0.9"}
    lock = user.client().lock()
    assert dict(lock.asked) == {GLOW: ""}
    assert lock.plugins[GLOW].requires == (f"{GRAIN} 0.9",)
    assert lock.plugins[GLOW].publisher.startswith("key:")
    assert Lock.from_bytes(lock.to_bytes()) == lock
    for path in (user.store / "packages").rglob("*.*"):
        assert not path.is_file() or not path.stat().st_mode & 0o222
    assert user.install(GLOW).changes == []
    assert user.client().current().number == 1


def test_an_update_goes_to_the_newest_and_rollback_takes_it_back(bench: Any, user: Any) -> None:
    bench.publish()
    user.install(GLOW)
    assert outdated(user.client()) == []
    bench.publish(version="1.1.0")
    bench.publish(version="2.0.0rc1")
    ((one, newest, refused),) = outdated(user.client())
    assert (one.id, newest, refused) == (GLOW, "1.1.0", "")
    assert user.install(GLOW).changes == [], "what is there stays"
    user.update()
    assert user.there() == {GLOW: "1.1.0"}
    old, new = user.client().rollback()
    assert (old.number, new.number) == (2, 1)
    assert user.there() == {GLOW: "1.0.0"}
    user.update(pre=True)
    assert user.there() == {GLOW: "2.0.0rc1"}
    assert user.client().current().before == 1
    user.client().rollback()
    user.client().rollback()
    assert user.there() == {}, "before the first set there was nothing"
    with pytest.raises(NotFoundError, match="unknown generation '9'"):
        user.client().rollback(9)


def test_remove_takes_what_came_with_it(bench: Any, user: Any) -> None:
    bench.publish(GRAIN)
    bench.publish(GLOW, requires=[GRAIN])
    user.install(GLOW)
    with pytest.raises(RegistryError, match=r"org.example.grain is required by org.example.glow"):
        user.client().remove([GRAIN], Terms())
    assert [c.what for c in user.client().remove([GLOW], Terms()).changes] == ["remove", "remove"]
    assert user.there() == {}
    with pytest.raises(NotFoundError, match="unknown plugin installed from a registry"):
        user.client().remove([GLOW], Terms())


def test_a_lock_gives_the_same_set_elsewhere(bench: Any, user: Any, tmp_path: Path) -> None:
    bench.publish()
    user.install(GLOW)
    path = tmp_path / "plugins.lock"
    path.write_bytes(user.client().lock().to_bytes())
    bench.publish(version="1.1.0")
    user.update()
    with pytest.raises(RegistryError, match=r"the lock would change: org.example.glow 1.1.0 to 1.0.0"):
        user.client().sync(read_lock(path), Terms(locked=True))
    user.client().sync(read_lock(path), Terms())
    assert user.there() == {GLOW: "1.0.0"}
    assert user.client().lock().to_bytes() == path.read_bytes()
    with pytest.raises(RegistryError, match="the lock would change"):
        user.update(locked=True)


def test_sync_puts_back_what_was_changed(bench: Any, user: Any) -> None:
    bench.publish()
    user.install(GLOW)
    (path,) = (user.store / "packages").rglob("big.bin")
    path.chmod(0o644)
    path.write_bytes(b"other")
    assert [(f.severity, f.message) for f in audit(user.client())] == [
        ("error", "big.bin is not what was installed")
    ]
    user.client().sync(None, Terms())
    assert audit(user.client()) == []
    assert user.there() == {GLOW: "1.0.0"}
    assert user.client().current().number == 1


def test_a_dry_run_changes_nothing(bench: Any, user: Any) -> None:
    bench.publish()
    before = user.state()
    assert [c.new for c in user.install(GLOW, dry=True).changes] == ["1.0.0"]
    assert user.state() == before


# -- permissions: group D


@pytest.mark.case("D39")
def test_d39_an_update_that_asks_for_more_waits(bench: Any, user: Any) -> None:
    bench.publish(permissions={"log": True})
    bench.publish(GRAIN)
    user.install(GLOW, GRAIN, grant=["log"])
    bench.publish(
        version="1.1.0", permissions={"log": True, "net": ["example.org"]}, allow=("net:example.org",)
    )
    bench.publish(GRAIN, "1.1.0")
    plan = user.update(grant=["log"])
    assert "connect to other computers: example.org" in plan.held[GLOW]
    assert user.there() == {GLOW: "1.0.0", GRAIN: "1.1.0"}, "others go on"
    user.update(grant=["log", "net:example.org"])
    assert user.there()[GLOW] == "1.1.0"


@pytest.mark.case("D39")
def test_d39_a_yes_to_the_publisher_holds_while_no_more_is_asked(bench: Any, user: Any) -> None:
    bench.publish(permissions={"log": True})
    said = Answers(ask=lambda text, terms: "publisher")
    user.client(said).install({GLOW: ""}, Terms())
    bench.publish(version="1.1.0", permissions={"log": True})
    user.client(Answers()).update([], Terms())
    assert user.there() == {GLOW: "1.1.0"}


@pytest.mark.case("D40")
def test_d40_a_grant_is_bound_to_the_release(bench: Any, user: Any) -> None:
    bench.publish(permissions={"log": True})
    user.install(GLOW, grant=["log"])
    ((plugin, publisher, contents, permissions, term),) = user.kept.given
    lock = user.client().lock().plugins[GLOW]
    assert (plugin, publisher, contents, term) == (GLOW, lock.publisher, lock.record, "version")
    assert [str(p) for p in permissions] == ["log"]


@pytest.mark.case("D42")
@pytest.mark.parametrize("answer", ["", "no", "always", "\x1b[A"])
def test_d42_anything_but_a_yes_is_a_no(bench: Any, user: Any, answer: str) -> None:
    bench.publish(permissions={"log": True})
    before = user.state()
    asked: list[str] = []
    said = Answers(ask=lambda text, terms: (asked.append(text), answer)[1])
    with pytest.raises(PermissionDeniedError, match=r"you did not allow org.example.glow 1.0.0"):
        user.client(said).install({GLOW: ""}, Terms())
    assert len(asked) == 1, "one question"
    assert (user.state(), user.kept.given) == (before, [])


@pytest.mark.case("D43")
def test_d43_without_a_terminal_it_is_a_no(bench: Any, user: Any) -> None:
    bench.publish(permissions={"log": True})
    with pytest.raises(PermissionDeniedError, match=r"no terminal to ask you: add --yes --grant log"):
        user.client(Answers()).install({GLOW: ""}, Terms())
    with pytest.raises(PermissionDeniedError, match=r"--yes answers only for what is named.*--grant log"):
        user.install(GLOW, grant=["clock"])
    assert user.there() == {}


@pytest.mark.case("D48")
def test_d48_a_dependency_is_asked_about_by_itself(bench: Any, user: Any) -> None:
    bench.publish(GRAIN, permissions={"net": ["example.org"]})
    bench.publish(GLOW, requires=[GRAIN], permissions={"log": True})
    with pytest.raises(PermissionDeniedError, match=r"org.example.grain 1.0.0 asks to connect"):
        user.install(GLOW, grant=["log"])
    user.install(GLOW, grant=["log", "net:example.org"])
    assert {(row[0], str(row[3].permissions[0])) for row in user.kept.given} == {
        (GLOW, "log"),
        (GRAIN, "net:example.org"),
    }


# -- packages and registries: groups E and F


@pytest.mark.case("E58")
@pytest.mark.case("F68")
def test_e58_another_publisher_inherits_nothing(bench: Any, user: Any) -> None:
    bench.publish()
    user.install(GLOW)
    rotate(bench.repository, "org.example", [])
    before = user.state()
    bench.publish(version="1.1.0")
    with pytest.raises(TrustError, match="is signed by other keys"):
        user.update()
    assert user.state() == before
    assert [f.message.split(" (")[0] for f in audit(user.client())] == ["its publisher has other keys now"]
    user.update(new_keys=frozenset([GLOW]))
    assert user.there() == {GLOW: "1.1.0"}


def _unknown(bench: Any) -> str:
    return "org.example.glwo"


def _yanked(bench: Any) -> str:
    yank(bench.repository, GLOW, "1.0.0", "too bright")
    return GLOW


def _revoked(bench: Any) -> str:
    acceptance.revoke(bench.repository, GLOW, "*", "stolen")
    return GLOW


def _too_new(bench: Any) -> str:
    bench.publish("org.example.late", api=">=9")
    return "org.example.late"


def _tampered(bench: Any) -> str:
    for path in (bench.public / "blobs").rglob("*"):
        if path.is_file() and b"org.example.glow 1.0.0" in path.read_bytes() and path.stat().st_size < 1000:
            path.chmod(0o644)
            path.write_bytes(b"x" * path.stat().st_size)
    return GLOW


def _oversized(bench: Any) -> str:
    for path in (bench.public / "blobs").rglob("*"):
        if path.is_file() and path.stat().st_size < 1000:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes() + b"more")
    return GLOW


def _mis_signed(bench: Any) -> str:
    path = max((bench.public / "metadata").glob("*.publisher.org.example.json"))
    path.chmod(0o644)
    data = path.read_bytes()
    place = data.index(b'"sig":"') + 7
    path.write_bytes(data[:place] + b"%x" % (int(data[place : place + 1], 16) ^ 1) + data[place + 1 :])
    return GLOW


def _conflicting(bench: Any) -> str:
    bench.publish(GRAIN, conflicts=["org.host.thing"])
    return GRAIN


@pytest.mark.parametrize(
    ("spoil", "said", "kind"),
    [
        (_unknown, "did you mean 'org.example.glow'", NotFoundError),
        (_yanked, "1.0.0 is left out: it was yanked: too bright", RegistryError),
        (_revoked, "1.0.0 is left out: it was revoked: stolen", RegistryError),
        (_too_new, "it wants the contracts in version >=9, this kadr has", RegistryError),
        (_tampered, "is not what was signed", TrustError),
        (_oversized, "is larger than", TrustError),
        (_mis_signed, "sent other bytes than were signed", TrustError),
        (lambda bench: "org.host.thing", "is installed already, but not from a registry", RegistryError),
        (_conflicting, "org.example.grain 1.0.0 cannot run beside org.host.thing", RegistryError),
        (lambda bench: "com.nobody.x", "unknown plugin 'com.nobody.x'", NotFoundError),
        (lambda bench: "Glow!", "names no plugin", InvalidParameterError),
        (lambda bench: f"{GLOW}@x", "names no plugin", InvalidParameterError),
        (
            lambda bench: f"{GLOW}>=7",
            "you ask for org.example.glow >=7\nthere are of org.example.glow: 1.0.0",
            RegistryError,
        ),
    ],
)
def test_what_must_not_be_installed_changes_nothing(
    bench: Any, user: Any, spoil: Callable[[Any], str], said: str, kind: type[KadrError]
) -> None:
    bench.publish()
    user.host.append(_host("org.host.thing"))
    name = spoil(bench)
    before = user.state()
    with pytest.raises(kind) as caught:
        user.install(name)
    assert said in str(caught.value)
    assert user.state() == before


def _host(plugin: str) -> Any:
    from kadr_sdk.manifest import Manifest

    return Manifest(plugin, "3.0")


@pytest.mark.case("F65")
def test_f65_yanked_in_a_lock_is_kept_revoked_is_refused(bench: Any, user: Any) -> None:
    bench.publish()
    user.install(GLOW)
    lock = user.client().lock()
    yank(bench.repository, GLOW, "1.0.0", "too bright")
    user.client().sync(lock, Terms())
    assert [f.severity for f in audit(user.client())] == ["warning"]
    assert user.update().changes == [], "there is no other"
    bench.publish(GRAIN)
    user.install(GRAIN)
    acceptance.revoke(bench.repository, GLOW, "1.0.0", "stolen")
    assert [f.severity for f in audit(user.client())] == ["error", "warning"]
    user.client().remove([GLOW], Terms())
    with pytest.raises(RevokedError, match=r"1.0.0 was revoked: stolen"):
        user.client().rollback()
    assert user.there() == {GRAIN: "1.0.0"}


@pytest.mark.case("F65")
def test_f65_offline_a_revocation_that_was_seen_counts(bench: Any, user: Any) -> None:
    bench.publish()
    user.install(GLOW)
    bench.publish(version="1.1.0")
    user.update()
    acceptance.revoke(bench.repository, GLOW, "1.0.0", "stolen")
    audit(user.client())
    (bench.public / "metadata").rename(bench.public / "gone")
    with pytest.raises(RevokedError, match="was revoked: stolen"):
        user.client().rollback()
    assert audit(user.client(), offline=True) == []
    assert user.there() == {GLOW: "1.1.0"}


@pytest.mark.case("F67")
def test_f67_expired_signatures_are_taken_only_when_said_so(bench: Any, user: Any) -> None:
    bench.publish()
    bench.now += 3 * 86400
    with pytest.raises(TrustError, match="is out of date"):
        user.install(GLOW)
    with pytest.raises(TrustError, match="is out of date"):
        user.client(stale_days=1).install({GLOW: ""}, Terms())
    user.client(stale_days=30).install({GLOW: ""}, Terms())
    assert user.there() == {GLOW: "1.0.0"}


def test_without_a_network_what_is_there_stays(bench: Any, user: Any) -> None:
    bench.publish()
    user.install(GLOW)
    bench.publish(version="1.1.0")
    user.update()
    bench.public.rename(bench.folder / "cut")
    assert user.there() == {GLOW: "1.1.0"}
    with pytest.raises((UnreachableError, RegistryError)):
        user.update()
    user.client().rollback()
    assert user.there() == {GLOW: "1.0.0"}
    user.client().remove([GLOW], Terms())
    assert user.there() == {}


@pytest.mark.case("E57")
def test_e57_a_cut_at_every_step_leaves_the_old_set_or_the_new(
    bench: Any, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the cut nothing is written any more, not even by what would clean up."""
    bench.publish()
    bench.publish(version="1.1.0")
    user.install(f"{GLOW}@1.0.0")
    old, steps = user.there(), 0
    while True:
        with monkeypatch.context() as patch:
            power = _Power(patch, steps)
            try:
                user.install(f"{GLOW}@1.1.0")
            except (_CutError, KadrError):
                assert power.is_cut
        if not power.is_cut:
            break
        assert user.there() in (old, {GLOW: "1.1.0"})
        with monkeypatch.context() as patch:  # the machine is on again
            user.install(f"{GLOW}@1.0.0")
        assert user.there() == old
        steps += 1
    assert user.there() == {GLOW: "1.1.0"}
    assert steps > 15
    assert not any((user.store / "staging").glob("*"))


class _CutError(OSError):
    """No power."""


class _Power:
    """Lets so many changes of the disk happen, and none after that."""

    def __init__(self, patch: pytest.MonkeyPatch, steps: int) -> None:
        self.left, self.is_cut = steps, False
        for owner, names in ((os, ("replace", "rename", "fsync", "mkdir", "unlink", "rmdir", "chmod")),):
            for name in names:
                patch.setattr(owner, name, self._guarded(getattr(owner, name)))
        patch.setattr("shutil.copyfile", self._guarded(__import__("shutil").copyfile))

    def _guarded(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **more: Any) -> Any:
            if self.left <= 0:
                self.is_cut = True
                raise _CutError(5, "no power")
            self.left -= 1
            return work(*args, **more)

        return guarded


def test_old_generations_and_their_files_are_forgotten(
    bench: Any, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "KEPT", 2)
    for number in range(4):
        bench.publish(version=f"1.{number}")
        user.update() if number else user.install(GLOW)
    assert sorted(path.name for path in (user.store / "generations").iterdir()) == ["3", "4"]
    assert len(list((user.store / "packages").iterdir())) == 2
    digests = {p.name for p in (user.store / "blobs").rglob("*") if p.is_file()}
    files = [p for p in (user.store / "packages").rglob("*") if p.is_file()]
    assert {hashlib.sha256(p.read_bytes()).hexdigest() for p in files} < digests
    assert len(digests) == 2 * 3 + 1, "a record, a manifest and a file of each, and what they share"


@pytest.mark.case("G69")
def test_g69_a_name_like_one_that_is_there_of_other_hands(bench: Any, user: Any) -> None:
    add_publisher(bench.repository, "org.other")
    bench.publish("org.other.film_gra1n")
    user.host.append(_host("org.other.film_grain"))
    before = user.state()
    with pytest.raises(RefusedError, match="a name may be meant to deceive") as caught:
        user.install("org.other.film_gra1n")
    (problem,) = caught.value.problems
    assert problem.message == (
        "org.other.film_gra1n of org.other looks like org.other.film_grain, which is installed"
    )
    assert problem.hint == "if this is the one you want: --accept-name org.other.film_gra1n"
    assert user.state() == before
    user.install("org.other.film_gra1n", names=frozenset(["org.other.film_gra1n"]))
    assert user.update().changes == [], "what is there is not asked about again"


@pytest.mark.case("G70")
def test_g70_a_name_lives_in_one_registry(bench: Any, user: Any, tmp_path: Path) -> None:
    from kadr_registry.repository.setup import create

    private = create(tmp_path / "private", "private", now=lambda: bench.now)
    add_publisher(private, "com.me")
    root = private.public / "metadata" / "1.root.json"
    registries = Registries(Places(user.store), {}, now=lambda: bench.now)
    registries.add(Source("private", str(private.public), root, ("com.me",)))
    add_publisher(bench.repository, "com.me")
    bench.publish("com.me.fog")
    with pytest.raises(NotFoundError, match=r"unknown plugin 'com.me.fog'"):
        user.install("com.me.fog")
    with pytest.raises(KadrError, match="there is a registry 'private' already"):
        registries.add(Source("private", str(private.public), root, ("com.you",)))
    with pytest.raises(KadrError, match="a namespace lives in exactly one registry"):
        registries.add(Source("other", str(private.public), root, ("com.me.sub",)))


def test_a_damaged_pointer_is_told_and_put_back(bench: Any, user: Any) -> None:
    bench.publish()
    user.install(GLOW)
    (user.store / CURRENT).write_text("what")
    with pytest.raises(RegistryError, match="what is installed cannot be read"):
        user.install(GLOW)
    user.client().rollback()
    assert user.there() == {GLOW: "1.0.0"}


def test_tokens_go_to_the_registry_they_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from kadr_registry.client.tokens import token_of

    environ = {"KADR_REGISTRY_TOKEN": "all", "KADR_REGISTRY_TOKEN_MY_ONE": "one", "KADR_KEYRING": "0"}
    assert token_of("my-one", environ, alone=False) == "one"
    assert token_of("other", environ, alone=True) == "all"
    assert token_of("other", environ, alone=False) == ""


def test_the_client_is_safe_to_make_without_a_store(tmp_path: Path) -> None:
    client: Client = Client(Places(tmp_path / "none"), None, None)  # type: ignore[arg-type]  # not asked
    assert client.lock() == Lock()
    assert not (tmp_path / "none").exists()
