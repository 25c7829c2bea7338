"""The real window on a display of its own, driven by mouse and keyboard as a person does."""
