from dataclasses import replace

from doppelscan.report.names import Names


def test_names_are_their_own_unless_redacted(make_example) -> None:
    names = Names.of(make_example(copies=2).run, redacted=False)
    assert (names.patient("anyone"), names.image("any.png"), names.patient(None)) == (
        "anyone",
        "any.png",
        "unknown",
    )


def test_redacted_names_are_neutral_distinct_and_stable(make_example) -> None:
    run = make_example(copies=4).run
    names = Names.of(run, redacted=True)
    assert [names.patient(name) for name in run.findings.exposed] == ["patient 1", "patient 2"]
    assert len(set(names.images.values())) == len(names.images)
    assert names == Names.of(run, redacted=True)


def test_a_redacted_name_that_nobody_listed_is_withheld(make_example) -> None:
    names = Names.of(make_example().run, redacted=True)
    assert (names.patient("stranger"), names.image("stranger.png"), names.patient(None)) == (
        "withheld",
        "withheld",
        "unknown",
    )


def test_an_image_of_unknown_patient_gets_a_patients_label_too(make_example) -> None:
    run = make_example(copies=1, exposed=("img-real-0",)).run
    unknown = replace(run, matches=run.matches.assign(patient=None))
    assert Names.of(unknown, redacted=True).patient("img-real-0") == "patient 1"
