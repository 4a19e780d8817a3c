from dataclasses import replace

from doppelscan.images.preparation import Preparation
from doppelscan.report.names import Names
from doppelscan.report.provenance import audited_sets, facts, who

RECORD = {
    "sets": {
        "train": {
            "path": "/ward/7",
            "n": 1200,
            "fingerprint": "ab12",
            "shape": [1, 64, 64],
            "dtype": "uint8",
            "preparation": Preparation(size=(64, 64), intensity="max").to_json(),
        },
        "synthetic": {"path": "/drawn", "n": 50},
    },
    "settings": {"method": "pearson", "n_draws": 200, "threshold": None, "preparation": {}},
    "seed": 3,
    "versions": {"python": "3.11.7"},
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": {"matching": 1.5},
}


def test_sets_are_told_by_place_count_form_fingerprint_and_preparation() -> None:
    train, synthetic = audited_sets(RECORD, Names())
    assert (train.path, train.n, train.form, train.fingerprint) == (
        "/ward/7",
        "1,200",
        "1 × 64 × 64 uint8",
        "ab12",
    )
    assert train.preparation == "intensity max, size 64 × 64"
    assert (synthetic.fingerprint, synthetic.preparation) == ("not recorded", "as stored")


def test_where_real_images_lie_is_withheld_when_redacted() -> None:
    train, synthetic = audited_sets(RECORD, Names(redacted=True))
    assert (train.path, synthetic.path) == ("withheld", "/drawn")


def test_settings_versions_and_times_are_told(make_example) -> None:
    told = {group.title: dict(group.rows) for group in facts(make_example(record=RECORD).run)}
    assert told["Settings"] == {"method": "pearson", "n draws": "200", "threshold": "none", "seed": "3"}
    assert told["Versions"] == {"python": "3.11.7"}
    assert told["Times"] == {"started": "2026-01-02T03:04:05+00:00", "matching (s)": "1.5"}
    assert told["How it judged"]["least flagged"] == "none: nothing is flagged"


def test_a_run_without_a_record_is_told_as_far_as_it_goes(make_example) -> None:
    run = replace(make_example().run, record={})
    assert list(audited_sets(run.record, Names())) == []
    assert dict(next(group.rows for group in facts(run) if group.title == "Times")) == {
        "started": "not recorded"
    }


def test_the_patients_of_both_sides_are_counted_and_what_named_them_is_said(make_example) -> None:
    named = {"n_patients": 25, "patients_from": ["DICOM Patient ID"]}
    told = who(make_example(record={"sets": {"train": named, "holdout": named | {"n_patients": 1200}}}).run)
    assert told == "20 training patients and 1,200 held-out patients, named by DICOM Patient ID"


def test_where_patients_are_unknown_each_image_is_said_to_count_as_one(make_example) -> None:
    record = {"sets": {"train": {"n_patients": 25, "patients_from": ["DICOM Patient ID"]}}}
    assert who(make_example(record=record, patients_known=False).run).endswith(
        "named by DICOM Patient ID; an image without a patient counts as one"
    )
