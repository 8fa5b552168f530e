"""Layers of settings: who wins, what is refused and how it is said, and writing the user's file."""

from __future__ import annotations

import subprocess
import sys
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.config import Config
from kadr_kernel.folders import Folders, standard_folders
from kadr_kernel.settings import SETTINGS
from kadr_sdk.errors import ConfigError, StorageError
from kadr_sdk.events import ConfigChanged


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(*(tmp_path / name for name in ("config", "data", "cache", "state", "system")))
    assert made.system
    made.config.mkdir()
    made.system.mkdir()
    return made


def write(folders: Folders, user: str = "", system: str = "") -> None:
    assert folders.system
    (folders.config / "config.toml").write_text(user, "utf-8")
    (folders.system / "config.toml").write_text(system, "utf-8")


def config(folders: Folders, environ: Mapping[str, str] | None = None, **options: Any) -> Config:
    return Config(folders, environ=environ or {}, **options)


def test_without_files_every_setting_has_its_default(folders: Folders) -> None:
    rows = config(folders).items()
    assert [key for key, _, _ in rows] == sorted(SETTINGS)
    assert {layer for _, _, layer in rows} == {"default"}
    assert config(folders).get("render.workers") == 0
    assert config(folders).get("plugins.disabled") == ()


def test_the_stronger_layer_wins(folders: Folders) -> None:
    layers = [
        ("system", 1, lambda: write(folders, system="[render]\nworkers = 1")),
        ("user", 2, lambda: write(folders, "[render]\nworkers = 2", "[render]\nworkers = 1")),
    ]
    for layer, value, prepare in layers:
        prepare()
        assert ("render.workers", value, layer) in config(folders).items()
    environ = {"KADR_RENDER__WORKERS": "3"}
    assert ("render.workers", 3, "environment") in config(folders, environ).items()
    strong = config(folders, environ, overrides={"render.workers": 4})
    assert ("render.workers", 4, "override") in strong.items()
    assert strong.get("render.workers") == 4
    assert ("ui.color", "auto", "default") in strong.items()


def test_every_problem_of_every_layer_is_told_at_once(folders: Folders) -> None:
    write(
        folders,
        'ui = 3\n[render]\nwokers = 2\nverify = "fats"\n[plugins]\ndisabled = "kadr.effects"',
        "[render]\nworkers = 5000\n[nonsense]\na = 1",
    )
    environ = {
        "KADR_RENDER__WORKERS": "many",
        "KADR_UI__COLOUR": "auto",
        "KADR_SAFE_MODE": "1",
        "KADR_UI__COLOR": "",
    }
    with pytest.raises(ConfigError) as caught:
        config(folders, environ, overrides={"render.memory_mb": True})
    assert folders.system
    user, system = folders.config / "config.toml", folders.system / "config.toml"
    assert str(caught.value).splitlines() == [
        "the configuration is wrong",
        f"  - {system}: render.workers: 5000 is outside 0..1024 (allowed: 0..1024)",
        f"  - {system}: nonsense.a: unknown setting 'nonsense.a' "
        "(known: media, paths, plugin, plugins, render, sandbox, ui)",
        f"  - {user}: ui: 'ui' is a section, not a setting (write [ui])",
        f"  - {user}: render.wokers: unknown setting 'render.wokers' (did you mean 'workers'?)",
        f"  - {user}: render.verify: 'fats' is not a choice; did you mean 'fast'?"
        f" ({SETTINGS['render.verify'].summary})",
        f"  - {user}: plugins.disabled: a list is expected, not 'kadr.effects'"
        " (ids of plugins that are not activated)",
        "  - environment variable KADR_RENDER__WORKERS: a whole number is expected, not 'many'"
        " (allowed: 0..1024)",
        "  - environment variable KADR_UI__COLOUR: unknown setting 'ui.colour' (did you mean 'color'?)",
        "  - override render.memory_mb: a number is expected, not True (allowed: 0..)",
    ]
    assert len(caught.value.as_dict()["problems"]) == 9  # type: ignore[arg-type]  # a list
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "render.workers = 1.5",
        "render.workers = nan",
        "render.workers = inf",
        f"render.workers = 1{'0' * 400}",
        'render.workers = "2"',
        "render.workers = -1",
        "render = [1]",
        "ui.color = ['auto']",
        "ui.color = {}",
        "ui.color = {auto = 1}",
        "ui.language = 3",
        "plugins.disabled = [1]",
        'plugins.folders = ["relative/folder"]',
        'paths.cache = "relative"',
        'paths.cache = "~nobody-of-that-name/x"',
        '"render.workers" = 2',
        "plugin = 3",
        "plugin.a = 3",
        "2000-01-01 = 1",
        "= 3",
        "x = " + "[" * 5000 + "]" * 5000,
        "x = 1" + "0" * 5000,
        "\x00",
    ],
)
def test_what_is_wrong_is_refused_with_the_file(folders: Folders, text: str) -> None:
    write(folders, text)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        config(folders)


def test_a_file_that_is_no_text_and_one_with_a_byte_order_mark(folders: Folders) -> None:
    file = folders.config / "config.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        config(folders)
    file.write_bytes(b"\xef\xbb\xbf[render]\r\nworkers = 2\r\n")
    assert config(folders).get("render.workers") == 2


def test_lists_in_the_environment_are_separated_by_commas(folders: Folders) -> None:
    environ = {"KADR_PLUGINS__DISABLED": "kadr.effects, kadr.pyav,"}
    assert config(folders, environ).get("plugins.disabled") == ("kadr.effects", "kadr.pyav")


def test_an_unknown_key_is_an_error_unless_there_is_a_default(folders: Folders) -> None:
    with pytest.raises(ConfigError) as caught:
        config(folders).get("render.wrokers")
    assert str(caught.value) == "unknown setting 'render.wrokers' (did you mean 'workers'?)"
    assert config(folders).get("render.wrokers", 7) == 7


def test_set_writes_the_users_file_and_keeps_the_rest(folders: Folders) -> None:
    write(folders, 'future = 1\n[render]\nverify = "full"\n[plugin."kadr.effects"]\nstrength = 2.5\n')
    file = folders.config / "config.toml"
    file.write_text(file.read_text("utf-8").replace("future = 1\n", ""), "utf-8")
    told: list[ConfigChanged] = []
    settings = config(folders, publish=told.append)
    settings.set("render.workers", 3)
    settings.set("plugins.disabled", ["kadr.pyav"])
    assert tomllib.loads(file.read_text("utf-8")) == {
        "render": {"verify": "full", "workers": 3},
        "plugin": {"kadr.effects": {"strength": 2.5}},
        "plugins": {"disabled": ["kadr.pyav"]},
    }
    assert told == [ConfigChanged("render.workers", 3), ConfigChanged("plugins.disabled", ("kadr.pyav",))]
    assert ("render.workers", 3, "user") in settings.items()
    assert config(folders).get("plugins.disabled") == ("kadr.pyav",)
    assert sorted(path.name for path in folders.config.iterdir()) == ["config.toml"]


def test_set_keeps_keys_that_a_newer_kadr_wrote_meanwhile(folders: Folders) -> None:
    settings = config(folders)
    write(folders, "[render]\nfuture = 1")
    settings.set("render.workers", 3)
    document = tomllib.loads((folders.config / "config.toml").read_text("utf-8"))
    assert document == {"render": {"future": 1, "workers": 3}}


def test_set_makes_the_folder_and_says_when_a_stronger_layer_wins(tmp_path: Path) -> None:
    folders = standard_folders({"KADR_HOME": str(tmp_path / "new")})
    settings = config(folders, {"KADR_RENDER__WORKERS": "8"})
    settings.set("render.workers", 2)
    assert ("render.workers", 8, "environment") in settings.items()
    assert config(folders).get("render.workers") == 2


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("render.wokers", 1, "unknown setting 'render.wokers' (did you mean 'workers'?)"),
        ("render", {"workers": 1}, "'render' is a section, not a setting (write [render])"),
        ("render.workers", "4", "a number is expected, not '4' (allowed: 0..1024)"),
        ("render.workers", None, "a number is expected, not None"),
        ("plugins.disabled", "a.b", "a list is expected, not 'a.b'"),
        ("ui.color", "pink", "'pink' is not a choice; known: always, auto, never"),
    ],
)
def test_set_refuses_and_writes_nothing(folders: Folders, key: str, value: object, text: str) -> None:
    told: list[ConfigChanged] = []
    settings = config(folders, publish=told.append)
    with pytest.raises(ConfigError) as caught:
        settings.set(key, value)
    assert text in str(caught.value)
    assert not list(folders.config.iterdir())
    assert told == []


def test_set_does_not_overwrite_a_file_that_it_cannot_read(folders: Folders) -> None:
    settings = config(folders)
    for broken, text in [("[render", "cannot be read"), ("render = 3", "'render' is not a table")]:
        write(folders, broken)
        with pytest.raises(ConfigError, match=text):
            settings.set("render.workers", 2)
        assert (folders.config / "config.toml").read_text("utf-8") == broken
    assert settings.get("render.workers") == 0


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folders, "[render]\nworkers = 1\n")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    settings = config(folders)
    with pytest.raises(StorageError) as caught:
        settings.set("render.workers", 2)
    assert str(caught.value) == (
        f"{folders.config / 'config.toml'}: cannot be written: No space left on device (free some space)"
    )
    assert [p.name for p in folders.config.iterdir()] == ["config.toml"]
    assert settings.get("render.workers") == 1


def test_many_threads_and_configs_lose_no_setting(folders: Folders) -> None:
    keys = {"render.workers": 5, "render.memory_mb": 9, "ui.language": "de", "ui.color": "never"}
    configs = [config(folders) for _ in keys]

    def work(settings: Config, key: str, value: object) -> None:
        for _ in range(8):
            settings.set(key, value)

    threads = [
        threading.Thread(target=work, args=(settings, key, value))
        for settings, (key, value) in zip(configs, keys.items(), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fresh = config(folders)
    assert {key: fresh.get(key) for key in keys} == keys


def test_plugins_sections_are_merged_and_left_to_them(folders: Folders) -> None:
    write(folders, '[plugin."a.b"]\nx = 1\nnew = 2', '[plugin."a.b"]\nx = 0\nold = 3\n[plugin."c.d"]\ny = 1')
    settings = config(folders)
    assert settings.plugin("a.b") == {"x": 1, "new": 2, "old": 3}
    assert settings.plugin("c.d") == {"y": 1}
    assert settings.plugin("e.f") == {}


def test_paths_may_be_moved(folders: Folders, tmp_path: Path) -> None:
    moved = config(folders, overrides={"paths.cache": str(tmp_path / "fast"), "paths.data": "~/kadr"}).folders
    assert moved.cache == tmp_path / "fast"
    assert moved.data == Path.home() / "kadr"
    assert (moved.config, moved.state) == (folders.config, folders.state)


def test_kadr_home_holds_everything(tmp_path: Path) -> None:
    folders = standard_folders({"KADR_HOME": str(tmp_path)})
    assert folders == Folders(
        tmp_path / "config", tmp_path / "data", tmp_path / "cache", tmp_path / "state", None
    )
    usual = standard_folders({})
    assert usual == standard_folders({"KADR_HOME": ""})
    assert usual.config.is_absolute()
    assert usual.system


def test_the_declarations_hold_together() -> None:
    for key, setting in SETTINGS.items():
        assert setting.key == key
        assert setting.parse(setting.default) == setting.default
        assert setting.summary


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from kadr_kernel.config import Config\n"
        "from kadr_kernel.folders import standard_folders\n"
        "Config(standard_folders({'KADR_HOME': sys.argv[1]}), environ={}).items()\n"
        "print(sorted({'numpy', 'pydantic', 'tomli_w', 'platformdirs', 'pluggy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
