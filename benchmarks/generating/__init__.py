"""What the benchmarks of generators share: films by patient, peers' networks and loops, distances of sets."""
