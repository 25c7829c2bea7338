"""Pages of a panel: widgets put together, which know plans and words but no service."""
