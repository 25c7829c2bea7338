"""Panels bind a session to widgets; they never import one another."""
