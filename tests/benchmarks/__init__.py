"""`python -m tests.benchmarks`: each budget of the design against a bare loop in the same run."""
