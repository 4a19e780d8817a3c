"""How sure is a network of photographs what each image shows, and of how many things? The Inception Score."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special

__all__ = ["inception_score"]


def inception_score(logits: Float[np.ndarray, "n classes"]) -> float:
    """How sure and how diverse: exp of the mean KL(p(class | image) from p(class)) (Salimans et al. 2016), no splits.

    From 1 to the number of classes. It looks at no real image, and its classes are those of photographs: a score of
    medical images says little. It grows with n. NaN for an empty set.
    """
    if not len(logits):
        return float("nan")
    log_p = special.log_softmax(logits.astype(np.float64), axis=1)
    log_mean = special.logsumexp(log_p, axis=0) - np.log(len(log_p))
    return float(np.exp((np.exp(log_p) * (log_p - log_mean)).sum(axis=1).mean()))
