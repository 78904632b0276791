"""The recommender server's command line."""

from __future__ import annotations

import sys

from recommender_server.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
