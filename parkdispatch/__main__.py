"""`python -m parkdispatch` is the command `parkdispatch`."""

from api.cli.main import main

if __name__ == "__main__":
    main()
