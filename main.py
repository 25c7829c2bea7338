"""Latent Explorer: the window by default, headless commands by name."""

import sys

from explorer.command_line import main

if __name__ == "__main__":
    sys.exit(main())
