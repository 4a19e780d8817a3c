import numpy as np

from doppelscan.report.names import Names
from doppelscan.report.pairs import best_pairs
from doppelscan.report.tables import identity_rows, patient_rows, unread


def test_patients_are_listed_with_their_copies_and_best_score(make_example) -> None:
    run = make_example(copies=3).run
    first, second = patient_rows(run.findings, best_pairs(run.matches), Names())
    assert (first.patient, first.exposed, first.n_copies, first.n_images, first.best_score) == (
        "img-person-0",
        True,
        2,
        2,
        "0.99",
    )
    assert (second.patient, second.n_copies) == ("img-person-1", 1)


def test_a_patient_whom_a_copy_names_but_chance_explains_is_listed_as_not_exposed(make_example) -> None:
    run = make_example(copies=3, exposed=("img-person-1",)).run
    rows = patient_rows(run.findings, best_pairs(run.matches), Names())
    assert [(row.patient, row.exposed) for row in rows] == [("img-person-1", True), ("img-person-0", False)]


def test_images_of_unknown_patient_stand_under_their_own_name(make_example) -> None:
    run = make_example(copies=2, exposed=("img-real-0", "img-real-1")).run
    pairs = best_pairs(run.matches.assign(patient=np.nan))
    assert [(row.patient, row.n_copies) for row in patient_rows(run.findings, pairs, Names())] == [
        ("img-real-0", 1),
        ("img-real-1", 1),
    ]


def test_without_copies_no_patient_is_listed(make_example) -> None:
    run = make_example().run
    assert patient_rows(run.findings, best_pairs(run.matches), Names()) == ()


def test_identity_errors_are_told_with_their_reason_unless_redacted(make_example, identity_error) -> None:
    run = make_example(identity_errors=(identity_error,)).run
    (row,) = identity_rows(run.findings, Names.of(run, redacted=False))
    assert (row.image, row.other, row.other_patient, row.reason) == (
        "held-1",
        "img-real-3",
        "img-person-1",
        "near-identical pixels",
    )
    (row,) = identity_rows(run.findings, Names.of(run, redacted=True))
    assert "img" not in " ".join(vars(row).values())
    assert "held" not in " ".join(value for name, value in vars(row).items() if name != "reason")


def test_unreadable_files_are_counted_and_those_of_real_sets_withheld_when_redacted() -> None:
    about = {"unreadable": [["x.png", "truncated"]]}
    record = {"sets": {"train": about, "synthetic": about, "holdout": {"unreadable": []}}}
    told = list(unread(record, Names()))
    assert [(one.part, one.n, one.files) for one in told] == [
        ("train", 1, (("x.png", "truncated"),)),
        ("synthetic", 1, (("x.png", "truncated"),)),
    ]
    hidden = list(unread(record, Names(redacted=True)))
    assert [(one.n, one.files) for one in hidden] == [(1, ()), (1, (("x.png", "truncated"),))]
