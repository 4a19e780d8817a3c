import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doppelscan.errors import InputError
from doppelscan.findings import write_run
from doppelscan.images.montage import difference, picture, png
from doppelscan.imagesets import ImageSet
from doppelscan.report import write_report

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"
VOID = {"meta", "link", "img", "br", "line", "rect", "path"}


class Page(HTMLParser):
    """What a browser would make of the page: its elements, texts and nesting."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.mark.parametrize("copies", [0, 6, 50])
def test_the_page_is_well_formed_whatever_was_found(make_example, copies: int) -> None:
    page = Page(make_example(n=50, copies=copies).page())
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(image["alt"] for image in page.all("img"))


def test_without_copies_the_top_matches_are_shown_as_not_flagged(make_example) -> None:
    page = Page(make_example(n=50).page(n_matches=5))
    assert "No copies were found among 50 synthetic images." in page.text
    assert page.text.count("not flagged") == 5 + 1  # and the legend
    assert "No patient is exposed" in page.text


def test_copies_are_shown_first_and_their_patients_listed(make_example) -> None:
    page = Page(make_example(n=50, copies=3).page(n_matches=5))
    verdicts = [a["aria-label"] for tag, a in page.elements if tag == "li" and "aria-label" in a]
    assert [label.split(", ")[1] for label in verdicts] == ["copied"] * 3 + ["not flagged"] * 2
    assert "img-person-0 yes 2 2 0.99" in page.text


def test_a_set_of_copies_alone_is_reported(make_example) -> None:
    page = Page(make_example(n=50, copies=50).page(n_matches=3))
    assert "50 of 50 synthetic images (100%" in page.text


def test_notes_identity_errors_and_unreadable_files_are_told(make_example, identity_error) -> None:
    record = {"sets": {"train": {"unreadable": [["broken.dcm", "no pixels"]]}}}
    example = make_example(identity_errors=(identity_error,), notes=("The null is small.",), record=record)
    text = Page(example.page()).text
    for said in ("The null is small.", "Identity errors", "held-person-1", "broken.dcm", "no pixels"):
        assert said in text


def test_scores_that_are_the_statistic_are_drawn_once(make_example) -> None:
    assert Page(make_example().page()).text.count("Histogram:") == 2
    alone = Page(make_example(copies=2, calibration="fixed", statistic="score", threshold=0.9).page()).text
    assert alone.count("Histogram:") == 1
    assert "threshold 0.9" in alone


def test_what_a_reader_may_take_for_an_error_is_explained_beside_the_numbers(make_example) -> None:
    text = Page(make_example(copies=6).page()).text
    assert "it may lie below “Flagged as copies”" in text
    assert "least flagged 1.5" in text
    assert "n = 200 of 100 patients" in text
    assert "Nobody set it" in text


def test_long_tables_are_cut_and_say_where_the_rest_is(make_example) -> None:
    page = Page(make_example(exposed=tuple(f"p{k}" for k in range(250))).page())
    assert "200 of 250 patients are listed" in page.text
    assert "p199" in page.text
    assert "p200" not in page.text


def test_nothing_is_loaded_from_anywhere(make_example) -> None:
    html = make_example(copies=3).page()
    page = Page(html)
    links = [
        a[name] for _, a in page.elements for name in ("src", "href", "xlink:href", "action") if name in a
    ]
    assert links
    assert all(link.startswith("data:") for link in links)
    assert not re.search(r"@import|url\((?!#)|https?://", re.sub(r"base64,[\w+/=]+", "", html))


def test_the_policy_allows_exactly_the_pages_own_script_and_style(make_example) -> None:
    html = make_example().page()
    policy = next(
        a["content"] for a in Page(html).all("meta") if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}(?: type=\"module\")?>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not any(name.startswith("on") or name == "style" for _, a in Page(html).elements for name in a)


def test_hostile_names_are_text_and_nothing_else(make_example, identity_error) -> None:
    record = {
        "sets": {"synthetic": {"path": HOSTILE, "unreadable": [[HOSTILE, HOSTILE]]}},
        "settings": {HOSTILE: HOSTILE},
    }
    changes = {
        "identity_errors": (replace(identity_error, reason=HOSTILE),),
        "notes": (HOSTILE,),
        "exposed": (HOSTILE,),
    }
    hostile = Page(make_example(name=HOSTILE, copies=2, record=record, **changes).page())
    assert len(hostile.all("script")) == 1
    assert all("onerror" not in attributes for _, attributes in hostile.elements)
    assert f"{HOSTILE}-drawn-0" in hostile.text
    assert f"Synthetic image {HOSTILE}-drawn-0" in [image["alt"] for image in hostile.all("img")]


@given(st.text(min_size=1).filter(lambda text: "\0" not in text))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_changes_the_pages_structure(make_example, name: str) -> None:
    tags = [tag for tag, _ in Page(make_example(name=name, n=6, copies=1).page(n_matches=1)).elements]
    assert tags == [
        tag for tag, _ in Page(make_example(name="plain", n=6, copies=1).page(n_matches=1)).elements
    ]


@pytest.mark.parametrize("shape", [(1, 24, 24), (3, 24, 24), (1, 12, 14, 10)])
def test_redaction_leaves_no_pixel_of_a_patient(make_example, shape: tuple[int, ...]) -> None:
    example = make_example(n=10, copies=4, shape=shape)
    shown, redacted = example.page(), example.page(redact_training=True)
    for place in range(10):
        drawn, real = example.synthetic[place].pixels, example.train[place].pixels
        secrets = [picture(real), difference(drawn, real)] + ([picture(drawn)] if place < 4 else [])
        for secret in secrets:
            text = base64.b64encode(png(secret)).decode()
            assert text in shown
            assert text not in redacted
    assert len(Page(redacted).all("img")) == 6  # the synthetic images that are not flagged


@pytest.mark.parametrize("shape", [(1, 24, 24), (3, 24, 24), (1, 12, 14, 10)])
def test_redaction_leaves_no_aligned_picture_of_a_patient(make_example, shape: tuple[int, ...]) -> None:
    example = make_example(n=10, copies=4, shape=shape, aligned=True)
    shown, redacted = (Page(example.page(redact_training=secret)) for secret in (False, True))
    captions = [text for text in shown.texts if text in ("training, aligned", "agreement")]
    assert len(captions) == 20
    pixels = {image["src"] for image in shown.all("img")} & {image["src"] for image in redacted.all("img")}
    assert pixels == set()  # even the synthetic images that are not flagged are drawn otherwise
    assert len(redacted.all("img")) == 6
    for place in range(4, 10):
        text = base64.b64encode(png(picture(example.synthetic[place].pixels))).decode()
        assert text in example.page(redact_training=True)


def test_what_the_third_picture_is_is_told_where_there_is_one(make_example) -> None:
    example = make_example(n=6, copies=2, aligned=True)
    page = Page(example.page())
    assert "where the fine detail of the two agrees" in page.text
    assert "The difference is orange" not in page.text
    assert "Legend of the agreement" in [ul.get("aria-label") for ul in page.all("ul")]
    redacted = Page(example.page(redact_training=True)).text
    assert "fine detail of the two agrees" not in redacted
    assert "The difference is orange" in Page(make_example(n=6).page()).text


def test_matches_that_were_not_aligned_are_shown_by_their_difference(make_example) -> None:
    example = make_example(n=6, aligned=True)
    write_run(example.folder, replace(example.run, alignments=example.run.alignments.head(4)))
    text = Page(example.page()).text
    assert text.count("training, aligned") == 4
    assert "The difference is orange" in text
    assert "fine detail of the two agrees" in text


def test_a_run_from_before_alignments_is_reported(make_example) -> None:
    example = make_example(n=6, copies=2)
    before = example.page()
    (example.folder / "alignments.parquet").unlink()
    assert example.page() == before


def test_redaction_leaves_no_name_of_a_patient_or_real_image(make_example, identity_error) -> None:
    record = {
        "sets": {
            part: {"path": f"/secret/{part}", "unreadable": [[f"secret-{part}.png", "x"]]}
            for part in ("train", "holdout")
        }
    }
    example = make_example(n=10, copies=4, identity_errors=(identity_error,), record=record)
    shown, redacted = example.page(), example.page(redact_training=True)
    for secret in ("img-real", "img-person", "held-1", "held-person", "/secret", "secret-"):
        assert secret in shown
        assert secret not in redacted
    assert "patient 1" in redacted
    assert "img-drawn-0" in redacted


def test_redaction_works_where_the_training_set_is_out_of_reach(make_example) -> None:
    example = make_example(n=10, copies=2)
    html = write_report(example.folder, synthetic=example.synthetic, redact_training=True).read_text()
    assert "Withheld: training images are redacted." in html


def test_redaction_does_not_open_the_training_set(make_example, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def watched(path: str) -> ImageSet:
        opened.append(path)
        return example.train

    monkeypatch.setattr("doppelscan.report.sources.open_images", watched)
    record = {"sets": {"train": {"path": "/ward"}}}
    example = make_example(n=4, record=record)
    write_report(example.folder, synthetic=example.synthetic, redact_training=True)
    assert opened == []
    write_report(example.folder, synthetic=example.synthetic)
    assert opened == ["/ward"]


def test_sets_that_have_moved_are_said_in_place_of_the_pictures(make_example) -> None:
    example = make_example(n=10, record={"sets": {"train": {"path": "/nowhere/at/all"}}})
    page = Page(write_report(example.folder).read_text())
    assert page.all("img") == []
    assert "/nowhere/at/all" in page.text
    assert "does not say where its images are" in page.text


def test_a_run_without_any_image_is_reported(make_example) -> None:
    assert "There was no synthetic image to judge." in Page(make_example(n=0).page()).text


def test_a_run_without_a_null_is_reported(make_example) -> None:
    example = make_example(n=10, copies=2)
    write_run(example.folder, replace(example.run, nulls=example.run.nulls.head(0)))
    assert "Histogram" in Page(example.page()).text


def test_undefined_scores_are_shown_as_such(make_example) -> None:
    example = make_example(n=4)
    undefined = example.run.matches.assign(
        train_id=None, patient=None, score=np.nan, statistic=np.nan, p_value=1.0, p_kind="undefined"
    )
    write_run(example.folder, replace(example.run, matches=undefined))
    text = Page(example.page()).text
    assert text.count("not judged") == 4
    assert "nan" not in text.lower().split()
    assert "Histogram" not in text


def test_the_same_run_gives_the_same_bytes_and_leaves_nothing_else(make_example) -> None:
    example = make_example(copies=2)
    before = {path.name for path in example.folder.iterdir()}
    assert example.page() == example.page()
    assert {path.name for path in example.folder.iterdir()} == before | {"report.html"}


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no audit"):
        write_report(tmp_path)


def test_torch_is_never_imported(make_example) -> None:
    code = f"""
import sys; from pathlib import Path; from doppelscan.report import write_report
write_report(Path({str(make_example(copies=2).folder)!r}))
assert "torch" not in sys.modules and "matplotlib" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2] / "src")
