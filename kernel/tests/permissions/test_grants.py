from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from kadr_kernel.permissions import Grants, Subject, Term, folder_publisher
from kadr_sdk.errors import InvalidParameterError, StorageError
from kadr_sdk.permissions import Permission, PermissionSet

ASKED = PermissionSet.of(["read:/media", "net:*.example.org", "gpu"])
GLOW = Subject("org.example.glow", "dist:kadr-glow", "1.0", ASKED)
MEDIA, HOST, GPU = (Permission.parse(t) for t in ("read:/media", "net:a.example.org", "gpu"))


@pytest.fixture
def grants(tmp_path: Path) -> Grants:
    return Grants(tmp_path / "data", now=lambda: 1_700_000_000.5)


def held(grants: Grants, subject: Subject = GLOW) -> list[str]:
    return [str(p) for p in grants.held(subject)]


def test_nothing_is_granted_at_first(grants: Grants) -> None:
    assert held(grants) == []
    assert not grants.consented(GLOW)
    assert grants.earlier(GLOW) is None
    assert not grants.path.parent.exists(), "reading makes no folders"


def test_a_grant_is_seen_by_another_process(grants: Grants) -> None:
    grant = grants.grant(GLOW, [MEDIA], Term.PUBLISHER)
    assert (grant.time, grant.asked) == (1_700_000_000, ASKED)
    again = Grants(grants.path.parent)
    assert held(again) == [f"read:{os.path.abspath('/media')}"]  # noqa: PTH100 - links stay
    assert again.consented(GLOW)
    assert again.list() == [grant]


def test_a_part_of_what_is_asked_can_be_granted_and_more_later(grants: Grants) -> None:
    grants.grant(GLOW, [HOST], Term.VERSION)
    grants.grant(GLOW, [GPU], Term.VERSION)
    assert held(grants) == ["gpu", "net:a.example.org"]
    assert len(grants.list()) == 1


def test_consent_to_nothing_is_a_consent(grants: Grants) -> None:
    harmless = replace(GLOW, asked=PermissionSet())
    grants.grant(harmless, [], Term.VERSION)
    assert grants.consented(harmless)
    assert not grants.consented(GLOW)


class TestTerms:
    def test_once_is_for_this_process(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU], Term.ONCE)
        assert held(grants) == ["gpu"]
        assert held(Grants(grants.path.parent)) == []
        assert not grants.path.exists()
        assert [g.term for g in grants.list()] == [Term.ONCE]

    def test_version_is_for_this_version(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU], Term.VERSION)
        assert held(grants, replace(GLOW, version="1.0.1")) == []
        assert held(grants, replace(GLOW, contents="sha256:other")) == []
        assert held(grants) == ["gpu"]

    def test_publisher_is_for_later_versions_too(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU], Term.PUBLISHER)
        assert held(grants, replace(GLOW, version="9.0", contents="x")) == ["gpu"]

    def test_a_folder_has_no_publisher(self, grants: Grants) -> None:
        local = replace(GLOW, publisher=folder_publisher("/plugins/glow"))
        with pytest.raises(InvalidParameterError, match=r"has no publisher to trust \(allow it once or for"):
            grants.grant(local, [GPU], Term.PUBLISHER)
        grants.grant(local, [GPU], Term.VERSION)
        assert held(grants, local) == ["gpu"]


class TestBinding:
    @pytest.mark.parametrize("term", list(Term))
    def test_another_publisher_or_plugin_inherits_nothing(self, grants: Grants, term: Term) -> None:
        grants.grant(GLOW, [GPU], term)
        assert held(grants, replace(GLOW, publisher="dist:evil")) == []
        assert held(grants, replace(GLOW, plugin="org.example.glow2")) == []
        assert grants.earlier(replace(GLOW, publisher="dist:evil")) is None

    @pytest.mark.parametrize("term", list(Term))
    def test_an_update_that_asks_for_more_waits(self, grants: Grants, term: Term) -> None:
        grants.grant(GLOW, [GPU], term)
        more = replace(GLOW, version="2.0", asked=PermissionSet.of([*ASKED, "native"]))
        assert held(grants, more) == []
        assert not grants.consented(more)
        assert grants.earlier(more) == ASKED
        assert held(grants, replace(more, version="1.0")) == [], "the same version number is no way around"

    def test_a_wider_scope_is_more(self, grants: Grants) -> None:
        grants.grant(GLOW, [MEDIA], Term.PUBLISHER)
        assert held(grants, replace(GLOW, asked=PermissionSet.of(["read:/"]))) == []

    def test_an_update_that_asks_for_less_keeps_the_grant(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU], Term.PUBLISHER)
        assert held(grants, replace(GLOW, version="2.0", asked=PermissionSet.of(["gpu"]))) == ["gpu"]

    def test_a_yes_to_the_update_carries_over_what_was_for_all_versions(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU, MEDIA], Term.PUBLISHER)
        asked = PermissionSet.of(["gpu", "native"])
        more = replace(GLOW, version="2.0", asked=asked)
        grants.grant(more, [Permission("native")], Term.PUBLISHER)
        assert held(grants, more) == ["gpu", "native"], "what is no longer asked for is gone"
        assert len(grants.list()) == 1

    def test_but_not_what_was_for_one_version(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU], Term.VERSION)
        more = replace(GLOW, version="2.0", asked=PermissionSet.of([*ASKED, "native"]))
        grants.grant(more, [Permission("native")], Term.VERSION)
        assert held(grants, more) == ["native"]
        assert held(grants) == ["gpu"], "the old version keeps its own"

    def test_only_what_the_manifest_asks_for(self, grants: Grants) -> None:
        with pytest.raises(InvalidParameterError) as caught:
            grants.grant(GLOW, [GPU, Permission("read")], Term.VERSION)
        assert str(caught.value) == (
            "plugin 'org.example.glow' does not ask for read:* "
            "(it asks for: gpu, net:*.example.org, read:/media)"
        )
        assert grants.list() == []

    def test_a_relative_path_is_fixed_where_it_is_granted(
        self, grants: Grants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        subject = replace(GLOW, asked=PermissionSet.of(["read:*"]))
        grants.grant(subject, [Permission("read", "clips")], Term.VERSION)
        assert held(grants, subject) == [f"read:{tmp_path / 'clips'}"]


class TestRevoke:
    def test_all_of_a_plugin(self, grants: Grants) -> None:
        other = replace(GLOW, plugin="org.example.other")
        grants.grant(GLOW, [GPU], Term.VERSION)
        grants.grant(GLOW, [GPU], Term.PUBLISHER)
        grants.grant(GLOW, [GPU], Term.ONCE)
        grants.grant(replace(GLOW, publisher="dist:b"), [GPU], Term.VERSION)
        grants.grant(other, [GPU], Term.VERSION)
        assert grants.revoke(GLOW.plugin) == 4
        assert grants.revoke(GLOW.plugin) == 0
        assert [g.plugin for g in grants.list()] == ["org.example.other"]
        assert held(Grants(grants.path.parent)) == []

    def test_one_permission(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU, HOST], Term.VERSION)
        assert grants.revoke(GLOW.plugin, GPU) == 1
        assert held(grants) == ["net:a.example.org"]

    @pytest.mark.parametrize("text", ["read:/media/private/x", "read:/media", "read:/", "read:*"])
    def test_nothing_of_what_is_revoked_stays(self, grants: Grants, text: str) -> None:
        grants.grant(GLOW, [MEDIA, GPU], Term.VERSION)
        revoked = Permission.parse(text)
        assert grants.revoke(GLOW.plugin, revoked) == 1
        assert not grants.held(GLOW).covers(revoked)
        assert held(grants) == ["gpu"]

    def test_counts_from_the_next_look_on_in_every_process(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU], Term.VERSION)
        other = Grants(grants.path.parent)
        for _ in range(20):
            assert held(other) == ["gpu"]
            grants.revoke(GLOW.plugin)
            assert held(other) == []
            grants.grant(GLOW, [GPU], Term.VERSION)

    def test_a_change_too_quick_for_file_times_is_seen(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU], Term.VERSION)
        assert held(grants) == ["gpu"]
        before = grants.path.stat()
        grants.path.write_bytes(grants.path.read_bytes().replace(b"example.glow", b"example.blow"))
        os.utime(grants.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = grants.path.stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        assert held(grants) == []

    def test_a_settled_file_is_parsed_once(self, grants: Grants, monkeypatch: pytest.MonkeyPatch) -> None:
        grants.grant(GLOW, [GPU], Term.VERSION)
        past = time.time() - 60
        os.utime(grants.path, (past, past))
        assert held(grants) == ["gpu"]
        monkeypatch.setattr(
            "kadr_kernel.permissions.grants.read_bytes", lambda path: pytest.fail("read again")
        )
        assert held(grants) == ["gpu"]


class TestManyAtOnce:
    def test_threads_lose_nothing(self, tmp_path: Path) -> None:
        shared = Grants(tmp_path)

        def work(number: int) -> None:
            mine = shared if number % 2 else Grants(tmp_path)
            for n in range(4):
                subject = replace(GLOW, plugin=f"org.example.p{number}_{n}")
                mine.grant(subject, [GPU], Term.VERSION)
                if n % 2:
                    mine.revoke(subject.plugin)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = {f"org.example.p{number}_{n}" for number in range(6) for n in (0, 2)}
        assert {grant.plugin for grant in shared.list()} == expected

    def test_processes_lose_nothing(self, tmp_path: Path) -> None:
        code = (
            "import sys\n"
            "from pathlib import Path\n"
            "from kadr_kernel.permissions import Grants, Subject, Term\n"
            "from kadr_sdk.permissions import Permission, PermissionSet\n"
            "grants = Grants(Path(sys.argv[1]))\n"
            "for n in range(5):\n"
            "    s = Subject(f'org.example.p{sys.argv[2]}_{n}', 'dist:x', '1', PermissionSet.of(['gpu']))\n"
            "    grants.grant(s, [Permission('gpu')], Term.VERSION)\n"
        )
        command = [sys.executable, "-c", code, str(tmp_path)]
        workers = [subprocess.Popen([*command, str(number)]) for number in range(3)]
        assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
        plugins = {grant.plugin for grant in Grants(tmp_path).list()}
        assert plugins == {f"org.example.p{number}_{n}" for number in range(3) for n in range(5)}

    def test_a_reader_never_sees_half_a_file(self, tmp_path: Path) -> None:
        writer, reader = Grants(tmp_path), Grants(tmp_path)
        done = threading.Event()

        def write() -> None:
            for n in range(40):
                writer.grant(replace(GLOW, version=str(n)), [GPU, HOST], Term.VERSION)
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        sizes = []
        while not done.is_set():
            sizes.append(len(reader.list()))
        thread.join()
        assert sizes == sorted(sizes)
        assert len(reader.list()) == 40


@pytest.mark.skipif(os.name == "nt" or getattr(os, "geteuid", lambda: 1)() == 0, reason="needs file rights")
def test_an_unreadable_file_is_an_error_and_no_grant(grants: Grants) -> None:
    grants.grant(GLOW, [GPU], Term.VERSION)
    grants.path.chmod(0)
    with pytest.raises(StorageError, match="the grants cannot be read"):
        grants.held(GLOW)


def test_a_folder_in_place_of_the_file_is_an_error(grants: Grants) -> None:
    grants.path.mkdir(parents=True)
    with pytest.raises(StorageError, match="the grants cannot be read"):
        grants.held(GLOW)
    with pytest.raises(StorageError, match="the grants cannot be read"):
        grants.grant(GLOW, [GPU], Term.VERSION)


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    grants = Grants(tmp_path / "file" / "data")
    with pytest.raises(StorageError, match="cannot be locked"):
        grants.grant(GLOW, [GPU], Term.VERSION)
