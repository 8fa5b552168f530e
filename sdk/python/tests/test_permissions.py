from __future__ import annotations

import os
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.permissions import PERMISSIONS, Permission, PermissionSet

UNSCOPED = ("gpu", "clock", "native", "log", "progress", "config", "storage")


def covers(granted: str, wanted: str) -> bool:
    return Permission.parse(granted).covers(Permission.parse(wanted))


labels = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join)
parts = st.text(string.ascii_lowercase + "._ ", min_size=1, max_size=6)
paths = st.lists(parts, min_size=1, max_size=4).map(lambda p: "/" + "/".join(p))
# Few different names, so that examples often cover one another.
near_hosts = st.lists(st.sampled_from(["a", "B", "org"]), min_size=1, max_size=3).map(".".join)
near_paths = st.lists(st.sampled_from(["a", "b", ".."]), max_size=3).map(lambda p: "/" + "/".join(p))
net_scopes = st.builds(
    "{}{}{}".format, st.sampled_from(["", "*."]), near_hosts, st.sampled_from(["", ":80", ":443"])
)
words = st.sampled_from(["*", "ffmpeg", "FFMPEG", "ffmpeg-7.0"])
permissions = st.one_of(
    st.sampled_from(UNSCOPED).map(Permission),
    st.builds(Permission, st.sampled_from(["read", "write"]), near_paths | st.just("*")),
    st.builds(Permission, st.just("net"), net_scopes | st.just("*")),
    st.builds(Permission, st.sampled_from(["process", "model", "environment"]), words),
)


class TestForm:
    def test_the_list_is_closed(self) -> None:
        assert sorted(PERMISSIONS) == [
            "clock", "config", "environment", "gpu", "log", "model", "native", "net", "process", "progress",
            "read", "storage", "write",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "text", ["read:/media", "net:*.example.org:443", "gpu", "process:ffmpeg", "read:*"]
    )
    def test_text_round_trip(self, text: str) -> None:
        assert str(Permission.parse(text)) == text

    def test_without_a_scope_the_whole_kind_is_meant(self) -> None:
        assert str(Permission.parse("read")) == "read:*"

    def test_a_windows_path_keeps_its_drive(self) -> None:
        assert Permission.parse("read:C:\\Media").scope == "C:\\Media"

    def test_a_wrong_name_is_named_with_the_nearest(self) -> None:
        with pytest.raises(ValueError, match=r"unknown permission 'reed'; did you mean 'read'\?"):
            Permission.parse("reed:/media")

    @pytest.mark.parametrize(
        "text", ["read:", "read:/a\nb", "read:/a\x00b", "net:\x1b", "read:" + "x" * 4097]
    )
    def test_a_scope_is_plain_text(self, text: str) -> None:
        with pytest.raises(ValueError, match="empty or not plain text"):
            Permission.parse(text)

    @pytest.mark.parametrize("name", UNSCOPED)
    def test_some_have_no_scope(self, name: str) -> None:
        with pytest.raises(ValueError, match="has no scope"):
            Permission(name, "x")

    @pytest.mark.parametrize(
        "scope",
        [
            "http://example.org", "evil.org/.example.org", "evil.org#.example.org", "u@example.org",
            "evil.org\\.example.org", "*.", "a b.org", "a..org", ".org", "x.*.org", "*x.org", "*:443",
            "x.org:", "x.org:http", "x.org:1234567", "пример.рф", "example.org\u200b", "::1",
            "[::1", "*.*.org", "-\u0307.org",
        ],
    )  # fmt: skip
    def test_a_net_scope_is_a_host(self, scope: str) -> None:
        with pytest.raises(ValueError, match=r"is not host\[:port\]"):
            Permission("net", scope)

    def test_sentences_are_in_the_users_words(self) -> None:
        assert Permission.parse("read:/media").sentence() == "read files: /media"
        assert Permission.parse("net:*").sentence() == "connect to other computers: any"
        assert Permission.parse("gpu").sentence() == "use the graphics processor"


class TestCoversPaths:
    @pytest.mark.parametrize(
        ("granted", "wanted", "expected"),
        [
            ("/media", "/media", True),
            ("/media", "/media/a/b.mp4", True),
            ("/media/", "/media/a", True),
            ("/media", "/mediathek/a", False),
            ("/media/a", "/media", False),
            ("/media", "/media/../etc/passwd", False),
            ("/media", "/media/x/../y", True),
            ("/media", "/media/../media/y", True),
            ("/", "/etc/passwd", True),
            ("*", "/etc/passwd", True),
            ("/", "*", False),
        ],
    )
    def test_at_or_below(self, granted: str, wanted: str, expected: bool) -> None:
        assert covers(f"read:{granted}", f"read:{wanted}") is expected

    def test_reading_is_not_writing(self) -> None:
        assert not covers("read:*", "write:/media/x")
        assert not covers("write:/media", "read:/media/x")

    def test_a_link_below_a_granted_folder_leads_nowhere_else(self, tmp_path: Path) -> None:
        granted, secret = tmp_path / "granted", tmp_path / "secret"
        granted.mkdir()
        secret.mkdir()
        (secret / "key").write_text("x")
        try:
            (granted / "door").symlink_to(secret, target_is_directory=True)
            (granted / "key").symlink_to(secret / "key")
        except OSError:
            pytest.skip("this account may not make links")
        assert covers(f"read:{granted}", f"read:{granted / 'mine'}")
        assert not covers(f"read:{granted}", f"read:{granted / 'door' / 'key'}")
        assert not covers(f"read:{granted}", f"read:{granted / 'key'}")
        assert not covers(f"write:{granted}", f"write:{granted / 'door' / 'new'}")
        assert covers(f"read:{granted / 'door'}", f"read:{secret / 'key'}"), "the link itself was granted"

    def test_a_relative_path_is_seen_from_where_the_process_stands(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert covers(f"read:{tmp_path}", "read:clip.mp4")
        assert not covers(f"read:{tmp_path}", "read:../clip.mp4")

    def test_case_follows_the_system(self) -> None:
        assert covers("read:/Media", "read:/media/x") is (os.name == "nt")

    @given(paths, st.lists(parts, max_size=4))
    def test_a_path_never_leads_above_what_is_granted(self, base: str, tail: list[str]) -> None:
        target = os.path.join(base, *tail)  # noqa: PTH118 - '..' must stay as it is
        inside = os.path.commonpath([os.path.realpath(base), os.path.realpath(target)])
        assert covers(f"read:{base}", f"read:{target}") is (inside == os.path.realpath(base))


class TestCoversHosts:
    @pytest.mark.parametrize(
        ("granted", "wanted", "expected"),
        [
            ("example.org", "example.org", True),
            ("example.org", "EXAMPLE.org.", True),
            ("Example.ORG", "example.org:443", True),
            ("example.org", "www.example.org", False),
            ("example.org", "example.org.evil.net", False),
            ("*.example.org", "www.example.org", True),
            ("*.example.org", "a.b.example.org:80", True),
            ("*.example.org", "example.org", False),
            ("*.example.org", "notexample.org", False),
            ("*.example.org", "example.org.evil.net", False),
            ("*.example.org", "*.example.org", True),
            ("*.example.org", "*.b.example.org", True),
            ("*.b.example.org", "*.example.org", False),
            ("www.example.org", "*.example.org", False),
            ("example.org:443", "example.org:443", True),
            ("example.org:443", "example.org:80", False),
            ("example.org:443", "example.org:4430", False),
            ("example.org:443", "example.org", False),
            ("*.example.org:443", "a.example.org:443", True),
            ("*.example.org:443", "a.example.org", False),
            ("[::1]", "[::1]:8080", True),
            ("[::1]:80", "[::1]:8080", False),
            ("[::1]", "[::2]", False),
            ("10.0.0.1", "10.0.0.10", False),
            ("*", "anything.net:1", True),
            ("example.org", "*", False),
        ],
    )
    def test_hosts_and_ports(self, granted: str, wanted: str, expected: bool) -> None:
        assert covers(f"net:{granted}", f"net:{wanted}") is expected

    @given(hosts, labels)
    def test_a_star_stands_for_whole_labels(self, host: str, label: str) -> None:
        assert covers(f"net:*.{host}", f"net:{label}.{host}")
        assert not covers(f"net:*.{host}", f"net:{host}")
        # Without the dot it is another domain, unless that happens to end in ".host" itself.
        if not f"{label}{host}".lower().endswith("." + host.lower()):
            assert not covers(f"net:*.{host}", f"net:{label}{host}")


class TestCoversTheRest:
    @pytest.mark.parametrize("name", ["process", "model", "environment"])
    def test_names_are_compared_whole(self, name: str) -> None:
        assert covers(f"{name}:abc", f"{name}:abc")
        assert covers(name, f"{name}:abc")
        assert not covers(f"{name}:abc", f"{name}:abcd")
        assert not covers(f"{name}:abc", f"{name}:ABC")
        assert not covers(f"{name}:abc", name)

    @given(permissions)
    def test_every_permission_covers_itself_and_reads_back(self, permission: Permission) -> None:
        assert permission.covers(permission)
        assert Permission.parse(str(permission)) == permission
        assert Permission(permission.name).covers(permission)

    @given(permissions, permissions)
    def test_never_across_kinds(self, one: Permission, other: Permission) -> None:
        if one.name != other.name:
            assert not one.covers(other)

    @given(permissions, permissions, permissions)
    def test_transitive(self, a: Permission, b: Permission, c: Permission) -> None:
        if a.covers(b) and b.covers(c):
            assert a.covers(c)


class TestSet:
    def test_order_and_doubles_do_not_matter(self) -> None:
        one = PermissionSet.of(["read:/b", "gpu", "read:/a", "gpu"])
        other = PermissionSet.of([Permission("gpu"), "read:/a", "read:/b"])
        assert one == other
        assert one.digest() == other.digest()
        assert [str(p) for p in one] == ["gpu", "read:/a", "read:/b"]
        assert len(one) == 3

    def test_the_digest_is_of_the_canonical_text(self) -> None:
        # printf 'gpu\nread:/a' | sha256sum
        digest = "49582fa539746cd3075afc7f32484b7ed78688563067ad286e2f76312fab184c"
        assert PermissionSet.of(["read:/a", "gpu"]).digest() == digest

    @given(st.lists(permissions, max_size=5), st.lists(permissions, max_size=5))
    def test_different_sets_have_different_digests(
        self, one: list[Permission], other: list[Permission]
    ) -> None:
        a, b = PermissionSet.of(one), PermissionSet.of(other)
        assert (a == b) is (a.digest() == b.digest())

    def test_a_manifests_table(self) -> None:
        table = {"read": ["/media", "/more"], "gpu": True, "clock": False, "net": ("example.org",)}
        assert [str(p) for p in PermissionSet.from_table(table)] == [
            "gpu",
            "net:example.org",
            "read:/media",
            "read:/more",
        ]

    @pytest.mark.parametrize("value", ["/media", {"a": 1}, 5, [5], ["/a", None]])
    def test_a_table_needs_lists_of_texts(self, value: object) -> None:
        with pytest.raises(ValueError, match="permission read: write a list of texts or true"):
            PermissionSet.from_table({"read": value})  # type: ignore[dict-item]  # wrong on purpose

    def test_beyond_is_what_an_update_asks_for_anew(self) -> None:
        granted = PermissionSet.of(["read:/media", "net:*.example.org"])
        asked = PermissionSet.of(["read:/media/a", "read:/", "net:a.example.org", "gpu"])
        assert [str(p) for p in asked.beyond(granted)] == ["gpu", "read:/"]
        assert len(granted.beyond(granted)) == 0

    @given(st.lists(permissions, max_size=5), st.lists(permissions, max_size=5))
    def test_beyond_and_covers_agree(self, asked: list[Permission], granted: list[Permission]) -> None:
        have = PermissionSet.of(granted)
        new = PermissionSet.of(asked).beyond(have)
        assert set(new) == {p for p in asked if not have.covers(p)}
        assert len(PermissionSet.of([*have, *new]).beyond(have)) == len(new)
