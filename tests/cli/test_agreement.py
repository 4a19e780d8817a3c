"""`doppelscan agreement` says in lines and in JSON what labelled pairs tell of a detector."""

from __future__ import annotations

import json
from pathlib import Path

from calling import call


def pairs(folder: Path, *extra: str) -> Path:
    rows = [f"s{i},t{i},{int(i < 4)},{1 - i / 20}" for i in range(20)]
    path = folder / "pairs.csv"
    path.write_text("\n".join(["first,second,label,score", *rows, *extra]) + "\n")
    return path


def test_the_numbers_are_said_in_lines(tmp_path: Path) -> None:
    done = call("agreement", "--pairs", pairs(tmp_path), "--threshold", 0.75)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "20 pairs: 4 copies, 16 novel; scores from the table."
    assert lines[1].split(maxsplit=1) == ["sensitivity", "100.0% (39.8% to 100.0%)"]
    assert lines[2].split(maxsplit=1) == ["specificity", "93.8% (68.6% to 99.9%)"]
    assert lines[4].split()[:2] == ["AUC", "1.000"]
    assert len(lines) == 7


def test_json_is_one_line_of_the_same(tmp_path: Path) -> None:
    found = json.loads(call("agreement", "--pairs", pairs(tmp_path), "--json").out)
    assert found["overall"]["auc"]["value"] == 1.0
    assert (found["n_pairs"], found["overall"]["n_copies"]) == (20, 4)
    assert "sensitivity" not in found["overall"]


def test_everything_wrong_is_told_at_once_with_code_2(tmp_path: Path) -> None:
    done = call("agreement", "--pairs", pairs(tmp_path, "a,b,perhaps,0.5", "c,d,1,high"))
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 2
    assert call("agreement", "--pairs", tmp_path / "none.csv").code == 2
    assert call("agreement").code == 2


def test_readers_that_are_divided_and_pairs_without_score_are_said(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    rows = [f"s{i},t{i},{reader},{int(i < 4 or reader * i == 5)},1" for i in range(8) for reader in (0, 1)]
    path.write_text("\n".join(["first,second,reader,label,verdict", *rows]) + "\n")
    said = call("agreement", "--pairs", path).out
    assert "8 pairs: 4 copies, 3 novel, 1 on which readers are divided; verdicts from the table." in said
    assert "Against 0 (4 copies, 4 novel):" in said
    assert "Between readers: kappa 0.750" in said
