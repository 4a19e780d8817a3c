from dataclasses import replace

from doppelscan.estimates import Estimate
from doppelscan.report.rates import control_rows, key_rates


def test_every_rate_is_written_with_its_interval_and_n_on_one_axis(make_example) -> None:
    rates = key_rates(make_example(n=1000, copies=12).run.findings)
    written = {name: (rate.value, rate.between, rate.n) for name, _, rate in rates.rows}
    assert written["Flagged as copies"] == ("1.2%", "0% to 4.2%", 1000)
    assert list(written) == [
        "Flagged as copies",
        "Copies missed",
        "Copies by p-values alone",
        "Training images copied",
        "Patients exposed",
    ]
    assert rates.end == "100%"


def test_a_rate_that_was_not_measured_has_no_bar(make_example) -> None:
    findings = replace(make_example().run.findings, copies_left=Estimate.unknown())
    rate = {name: one for name, _, one in key_rates(findings).rows}["Copies missed"]
    assert (rate.value, rate.between, rate.bar) == ("unknown", "not measured", None)


def test_the_rule_stands_beside_the_flagged_share(make_example) -> None:
    findings = make_example().run.findings
    assert "false discovery rate of 5%" in key_rates(findings).rows[0][1]
    assert "without a false discovery rate" in key_rates(replace(findings, calibration="dar")).rows[0][1]


def test_controls_are_listed_by_transform_with_blanks_where_an_arm_has_none(make_example) -> None:
    rows = {row.name: row for row in control_rows(make_example().run.findings)}
    assert list(rows) == ["all together", "exact", "flip", "none"]
    assert rows["flip"].power is not None
    assert rows["flip"].power.value == "12.0%"
    assert rows["flip"].same_patient is None
    assert rows["none"].power is None


def test_of_all_controls_together_the_patients_are_counted_too(make_example) -> None:
    overall, exact, *_ = control_rows(make_example().run.findings)
    assert (overall.power.n, overall.power.n_patients) == (200, 100)
    assert exact.power.n_patients is None
    assert overall.same_patient.n_patients is None


def test_controls_that_nothing_was_done_to_are_called_unchanged(make_example) -> None:
    findings = make_example().run.findings
    same = replace(findings.same_patient_alarms, by_transform={"as it is": Estimate(0.1, 0.0, 0.3, 20)})
    rows = control_rows(replace(findings, same_patient_alarms=same))
    assert rows[-1].name == "nothing (unchanged)"
