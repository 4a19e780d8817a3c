"""`python -m doppelscan`, and `accelerate launch -m doppelscan`: the command line."""

from doppelscan.cli import main

if __name__ == "__main__":
    main()
