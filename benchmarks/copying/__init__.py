"""What the benchmark of copies rests on: sets of real images, split by patient, and methods to compare."""
