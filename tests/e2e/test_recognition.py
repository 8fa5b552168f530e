"""Recognition as a user meets it: models added and fetched, real detectors against reference results."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.events import WarningRaised
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageOps

MEDIA = Path(os.environ.get("KADR_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media")
MODELS = MEDIA / "models"
real = pytest.mark.skipif(not MODELS.is_dir(), reason="the corpus of media is not here")
NAMES = {"motorbike": "motorcycle", "pottedplant": "potted plant"}
"""Names of the reference that the card calls as COCO does."""

Kadr = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with boot(environ={"KADR_HOME": str(tmp_path_factory.mktemp("home"))}) as running:
        yield running


@pytest.fixture
def kadr(kernel: Kernel, capfd: pytest.CaptureFixture[str]) -> Kadr:
    """Runs a command; exit code, output, errors."""

    def call(*argv: object) -> tuple[int, str, str]:
        code = kernel.catalogue.load("host", "cli").run(kernel, [str(a) for a in argv])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def detector(kadr: Kadr) -> str:
    """The default detector, fetched from the folder of the corpus."""
    code, _, err = kadr("models", "fetch", "yolox-nano", "fastestdet", "--from", MODELS)
    assert code == 0, err
    return "yolox-nano"


# -- a model of one's own ----------------------------------------------------------------------


def constant_yolov8(path: Path, box: Sequence[float], score: float) -> Path:
    """A model of two classes that sees a dog at this box (centre, size on 64x64) in everything."""
    output = np.zeros((1, 6, 84), np.float32)
    output[0, :4, 9], output[0, 5, 9] = box, score
    given = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
    result = helper.make_tensor_value_info("found", TensorProto.FLOAT, output.shape)
    node = helper.make_node("Constant", [], ["found"], value=numpy_helper.from_array(output))
    model = helper.make_model(
        helper.make_graph([node], "g", [given], [result]),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    path.write_bytes(model.SerializeToString())
    return path


def test_a_model_of_ones_own(kadr: Kadr, tmp_path: Path) -> None:
    model = constant_yolov8(tmp_path / "mine.onnx", (32, 32, 16, 8), 0.75)
    (tmp_path / "names.txt").write_text("cat\ndog\n", "utf-8")
    assert kadr("models", "add", model, "--licence", "MIT", "--classes", tmp_path / "names.txt")[0] == 0
    Image.new("RGB", (128, 64), "red").save(tmp_path / "a.png")
    code, out, err = kadr("recognize", tmp_path / "a.png", "--model", "mine", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["media"] | {"digest": ""} == {
        **{"name": "a.png", "digest": "", "stream": 0, "width": 128, "height": 64, "end": 0}
    }
    assert document["detections"] == [
        {"t": 0, "frame": 0, "class": "dog", "score": 0.75, "box": [48.0, 24.0, 32.0, 16.0]}
    ]
    code, out, _ = kadr("analyze", tmp_path / "a.png", "--with", "yolo", "--set", "model=mine", "--json")
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (row["class"], row["box"]) == ("dog", [48.0, 24.0, 32.0, 16.0])

    # The same content under another name comes from the cache, and other classes of it too.
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    model.unlink()
    before = stats(kadr)
    target = tmp_path / "b.csv"
    assert kadr("recognize", tmp_path / "b.png", "--model", "mine", "--classes", "cat", "-o", target)[0] == 0
    assert len(target.read_text("utf-8").splitlines()) == 1
    code, out, _ = kadr("recognize", tmp_path / "b.png", "--model", "mine", "--json")
    assert json.loads(out)["media"]["name"] == "b.png"
    after = stats(kadr)
    assert (after["hits"] - before["hits"], after["entries"]) == (2, before["entries"])

    # The library knows it too, once it knows the file.
    assert kadr("media", "scan", tmp_path)[0] == 0
    rows = [json.loads(line) for line in kadr("media", "search", "dog > 0.7", "--json")[1].splitlines()]
    assert sorted(Path(row["path"]).name for row in rows) == ["a.png", "b.png"]
    assert kadr("media", "search", "dog > 0.8")[1] == ""
    facts = json.loads(kadr("media", "info", tmp_path / "a.png", "--json")[1])
    assert facts["seen"] == {"dog": 0.75}

    code, _, err = kadr("recognize", tmp_path / "b.png", "--model", "mine", "-o", target)
    assert (code, "exists already" in err) == (2, True)
    code, _, err = kadr("recognize", tmp_path / "b.png", "--model", "mine", "-o", tmp_path / "b.png", "-y")
    assert (code, "no format is known" in err) == (2, True)


def stats(kadr: Kadr) -> dict[str, int]:
    found: dict[str, int] = json.loads(kadr("cache", "stats", "--json")[1])["kinds"]["analysis"]
    return found


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--model", "yolox"], 2, "did you mean 'yolox-nano'"),
        (["--classes", "dgo"], 2, "did you mean 'dog'"),
        (["--every", "often"], 2, "neither a number of frames nor a time"),
        (["--provider", "gpu"], 2, "unknown provider 'gpu'"),
        (["--threshold", "2"], 2, "0<=x<=1"),
        (["-o", "no/such/folder.json"], 2, "the folder does not exist"),
        (["-o", "x.xml"], 2, "no format is known"),
    ],
)
@real
def test_wrong_input(
    detector: str, arguments: list[str], code: int, words: str, kadr: Kadr, tmp_path: Path
) -> None:
    Image.new("RGB", (128, 64), "red").save(tmp_path / "a.png")
    found = kadr("recognize", tmp_path / "a.png", *arguments, "--no-cache")
    assert found[0] == code
    assert words in found[2]


@real
def test_wrong_files(detector: str, kadr: Kadr, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    for path in (tmp_path / "none.mp4", tmp_path / "a.mp4", tmp_path):
        code, _, err = kadr("recognize", path)
        assert code in (2, 3), err
        assert "Traceback" not in err


BROKEN = sorted(p.name for p in (MEDIA / "broken").iterdir()) if MODELS.is_dir() else []


@real
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_seen_as_far_as_it_goes(
    name: str, detector: str, kadr: Kadr, tmp_path: Path
) -> None:
    """Each says what is wrong in one error, or what it shows; and none is a defect of ours."""
    target = tmp_path / "tall.tlp"
    for arguments in (["recognize", "--every", "2s"], ["reframe", "--every", "2s", "-o", target]):
        code, _, err = kadr(arguments[0], MEDIA / "broken" / name, *arguments[1:])
        assert code in (0, 3), err
        assert err.count("error: ") == (code != 0)
        assert (code == 0) is target.exists() or arguments[0] == "recognize"


def test_models_that_are_not_here(kadr: Kadr, tmp_path: Path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    with boot(environ={"KADR_HOME": str(tmp_path / "home")}) as fresh:
        assert fresh.catalogue.load("host", "cli").run(fresh, ["recognize", str(tmp_path / "a.png")]) == 2


@real
def test_without_the_runtime(
    detector: str, kadr: Kadr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    Image.new("RGB", (16, 16), "blue").save(tmp_path / "a.png")
    code, _, err = kadr("recognize", tmp_path / "a.png", "--no-cache")
    assert code == 2
    assert "pip install 'kadr[recognition]'" in err


# -- real detectors ----------------------------------------------------------------------------


def reference() -> dict[str, list[dict[str, Any]]]:
    """Reference results of the pictures that are here."""
    rows = json.loads((MODELS / "reference_yolox_nano.json").read_text("utf-8"))
    return {name: row["det"] for name, row in rows.items() if (MEDIA / name).is_file()}


@real
def test_every_picture_of_the_reference(detector: str, kadr: Kadr, tmp_path: Path) -> None:
    """The same pixels, without loss, through the real backend: 2 pixels and 0.01 of score."""
    wanted = reference()
    assert len(wanted) >= 12
    for name, rows in wanted.items():
        path = tmp_path / "a.png"
        ImageOps.exif_transpose(Image.open(MEDIA / name)).convert("RGB").save(path, compress_level=0)
        compare(kadr("recognize", path, "--json")[1], rows, 2, 0.01)


@real
def test_jpegs_by_another_decoder(detector: str, kadr: Kadr) -> None:
    """The decoders of JPEG differ by up to 25 codes in a pixel, which moves scores by 0.03."""
    for name in ("dk_dog_bicycle_truck", "me_exif_orientation6", "me_people_garden"):
        rows = [r for r in reference()[f"images/{name}.jpg"] if r["score"] > 0.4]
        compare(kadr("recognize", MEDIA / f"images/{name}.jpg", "--json")[1], rows, 6, 0.03, more=True)


def compare(
    text: str, rows: Sequence[dict[str, Any]], pixels: float, score: float, *, more: bool = False
) -> None:
    document = json.loads(text)
    left, size = document["detections"], (document["media"]["width"], document["media"]["height"])
    for row in rows:
        name = NAMES.get(row["name"], row["name"])
        near = [
            d for d in left if d["class"] == name and distance(d["box"], row["xyxy"], size) <= pixels + 0.5
        ]
        found = min(near, key=lambda d: abs(d["score"] - row["score"]))
        assert abs(found["score"] - row["score"]) <= score + 0.0005
        left.remove(found)
    assert more or [d for d in left if d["score"] > 0.3 + score] == []


def distance(box: Sequence[float], corners: Sequence[float], size: tuple[int, int]) -> float:
    """Of the farthest edge; the reference is rounded to pixels and not cut at the picture's edges."""
    x, y, w, h = box
    cut = [min(max(v, 0), limit) for v, limit in zip(corners, (*size, *size), strict=True)]
    return max(abs(a - b) for a, b in zip((x, y, x + w, y + h), cut, strict=True))


@real
def test_fastestdet_by_its_formula(detector: str, kadr: Kadr, tmp_path: Path) -> None:
    import onnxruntime

    image = Image.open(MEDIA / "images" / "dk_dog_bicycle_truck.jpg").convert("RGB")
    image.save(tmp_path / "a.png", compress_level=0)
    pixels = np.asarray(image.resize((352, 352), Image.Resampling.BILINEAR))[:, :, ::-1] / 255
    session = onnxruntime.InferenceSession(MODELS / "fastestdet.onnx", providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"input.1": pixels.transpose(2, 0, 1)[None].astype(np.float32)})
    best: dict[int, tuple[float, list[float]]] = {}
    for (y, x), objectness in np.ndenumerate(output[0, 0]):
        cell = output[0, :, y, x]
        kind = int(cell[5:].argmax())
        score = float(objectness**0.6 * cell[5 + kind] ** 0.4)
        if score > max(0.65, best.get(kind, (0.0, []))[0]):
            cx, cy = (x + np.tanh(cell[1])) / 22 * image.width, (y + np.tanh(cell[2])) / 22 * image.height
            w, h = image.width / (1 + np.exp(-cell[3])), image.height / (1 + np.exp(-cell[4]))
            best[kind] = score, [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
    document = json.loads(kadr("recognize", tmp_path / "a.png", "--model", "fastestdet", "--json")[1])
    found = {d["class"]: d for d in reversed(document["detections"])}
    names = {1: "bicycle", 2: "car", 7: "truck", 16: "dog"}
    assert len(best) >= 2
    for kind, (score, corners) in best.items():
        assert found[names[kind]]["score"] == pytest.approx(score, abs=0.01)
        assert distance(found[names[kind]]["box"], corners, image.size) <= 2


@real
def test_who_is_in_the_room(detector: str, kadr: Kadr, tmp_path: Path) -> None:
    target = tmp_path / "seen.json"
    film = MEDIA / "video" / "intel_one-by-one-person.mp4"
    argv = ["recognize", film, "--every", "5s", "--classes", "person", "--threshold", "0.5", "-o", target]
    code, out, err = kadr(*argv)
    assert code == 0, err
    document = json.loads(target.read_text("utf-8"))
    assert [t for _, t in document["frames"]] == list(range(0, 140, 5))
    people = {d["t"] for d in document["detections"]}
    # Looked at by eye: in the other pictures the room is empty, or a leg is leaving it.
    somebody = [10, 15, 25, 30, 35, 40, 55, 60, 65, 75, 80, 85, *range(95, 120, 5), 125, 130, 135]
    assert sorted(people) == somebody
    assert f"{len(document['frames'])} pictures" in out


@real
def test_films_cut_and_framed_by_what_is_seen(detector: str, kadr: Kadr, tmp_path: Path) -> None:
    film, cut, tall = MEDIA / "video" / "mdn_friday_speech.mp4", tmp_path / "cut.tlp", tmp_path / "tall.tlp"
    code, out, err = kadr(
        *("recognize", film, "--every", "1s", "--classes", "person", "--cut-list", cut, "--json"),
        *("-o", tmp_path / "seen.json"),
    )
    assert code == 0, err
    assert json.loads(out)["cut_list"] == str(cut)
    (clip,) = json.loads(cut.read_text("utf-8"))["timeline"]["tracks"][0]["clips"]
    assert clip["source_file"] == str(film)
    argv = ["reframe", film, "--every", "1s", "--aspect", "1:1", "--classes", "person", "-o", tall]
    code, out, err = kadr(*argv, "--json")
    assert code == 0, err
    facts = json.loads(out)
    assert (facts["event"], facts["width"], facts["height"], facts["clips"]) == ("Reframed", 480, 480, 1)
    again = kadr("reframe", cut, "--every", "1s", "--height", "360", "-o", tall, "-y")
    assert again[0] == 0, again[2]
    assert "202x360" in again[1]
    for path in (cut, tall):
        assert kadr("validate", path)[0] == 0
    assert kadr(*argv)[0] == 2  # exists already
    assert "is not a shape" in kadr("reframe", film, "--aspect", "tall", "-o", tmp_path / "b.tlp")[2]
    code, _, err = kadr("recognize", film, "--every", "1s", "--classes", "zebra", "--cut-list", cut, "-y")
    assert (code, "nothing to cut to" in err) == (2, True)


@real
def test_a_film_is_upright_and_has_several_people(detector: str, kadr: Kadr) -> None:
    film = MEDIA / "video" / "mdn_friday_speech.mp4"
    document = json.loads(kadr("recognize", film, "--every", "1s", "--classes", "person", "--json")[1])
    for frame, _ in document["frames"]:
        assert 2 <= sum(d["frame"] == frame for d in document["detections"]) <= 6


@real
def test_two_keep_their_ids(detector: str, kadr: Kadr) -> None:
    """Two people are in the picture throughout, and change places."""
    film = MEDIA / "video" / "moviepy_chaplin.mp4"
    argv = ["recognize", film, "--every", "2", "--classes", "person", "--track", "--json"]
    document = json.loads(kadr(*argv)[1])
    counts = Counter(d["track"] for d in document["detections"] if "track" in d)
    looked = len(document["frames"])
    assert looked == 121
    assert {i for i, count in counts.items() if count > looked * 0.9} == {1, 2}
    assert sum(counts.values()) - counts[1] - counts[2] <= 5


@real
def test_results_of_damaged_films_are_not_kept(detector: str, kadr: Kadr, kernel: Kernel) -> None:
    """The next one who looks hears of the damage too."""
    told: list[WarningRaised] = []
    kept = json.loads(kadr("cache", "stats", "--json")[1])["kinds"].get("analysis", {}).get("entries", 0)
    subscription = kernel.events.subscribe(WarningRaised, told.append)
    for _ in range(2):
        assert kadr("recognize", MEDIA / "broken" / "made_corrupt_packets.mp4", "--every", "10")[0] == 0
    subscription.cancel()
    assert len(told) >= 2
    assert len({w.message for w in told}) == len(told) / 2
    kinds = json.loads(kadr("cache", "stats", "--json")[1])["kinds"]
    assert kinds.get("analysis", {}).get("entries", 0) == kept
