# %% [markdown]
# # Tutorial: from films to a report
#
# Training films, films that a generator made, and films of patients whom it never saw: which of the second are
# copies of the first? Here all of them are [invented](phantoms.md), so that the truth is known: six "synthetic"
# films are noisy copies of training films, 94 show people who are in no set. As a notebook:
# [tutorial.ipynb](tutorial.ipynb).

# %%
import numpy as np

from doppelscan import ImageSet
from doppelscan.imagesets.phantoms import chest

patients, others = chest(60, films=2, size=64), chest(60, size=64, first_patient=60)
train = ImageSet.from_arrays(patients.pixels, patients.table, name="training films")
holdout = ImageSet.from_arrays(others.pixels, others.table, name="held-out films")
train

# %% [markdown]
# A set shows its first images and the head of its table. Your own is `open_images("folder")`: PNG, JPEG, TIFF,
# DICOM, NIfTI, a table of files, an array ([what a set may be](howto/audit-your-folder.md#what-a-set-may-be)).
#
# Now what the generator made:

# %%
noise = np.random.default_rng(0).normal(0, 6, (6, 1, 64, 64))
copies = np.clip(patients.pixels[:60:10] + noise, 0, 255).astype(np.uint8)
novel = chest(94, size=64, first_patient=120).pixels
synthetic = ImageSet.from_arrays(np.concatenate([copies, novel]), name="synthetic films")
synthetic

# %% [markdown]
# ## The audit
#
# `pearson` compares pixels and takes seconds; without it the audit hears [all kinds of
# evidence](howto/choose-a-method.md) and takes minutes.

# %%
from pathlib import Path

from doppelscan.audit import AuditSettings, audit

findings = audit(
    train=train,
    synthetic=synthetic,
    holdout=holdout,
    settings=AuditSettings(method="pearson"),
    out=Path("tutorial-run"),
)
findings

# %% [markdown]
# Six are flagged. Beside that stands what the audit would have found: its power, and how many copies it may
# have missed. Each number is an `Estimate`, which shows its interval:

# %%
findings.copied

# %% [markdown]
# ## The matches
#
# Every image with the training image most like it, the most suspicious first:

# %%
from doppelscan.findings import read_run

matches = read_run(Path("tutorial-run")).matches
best = matches[matches["rank"] == 1].sort_values("p_value").head(8)
best[["synthetic_id", "train_id", "score", "p_value", "q_value", "copied"]]

# %% [markdown]
# Look at the first one beside its match:

# %%
first = best.iloc[0]
drawn = synthetic.take(synthetic.positions([first.synthetic_id]))
match = train.take(train.positions([first.train_id]))
ImageSet.from_arrays(np.stack([drawn[0].pixels, match[0].pixels]), name="a synthetic film and its match")

# %% [markdown]
# ## The report
#
# One page that needs no network, with all of this and what the audit cannot see:

# %%
from doppelscan.report import write_report

print(write_report(Path("tutorial-run"), train=train, synthetic=synthetic))

# %% [markdown]
# Next: [read the verdict, and defend it](howto/read-the-verdict.md).
