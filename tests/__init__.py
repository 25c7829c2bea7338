"""Tests: flat unit tests here, the real window in `e2e`, the budgets in `benchmarks`."""
