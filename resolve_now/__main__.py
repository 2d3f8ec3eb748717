"""`python -m resolve_now`: the same as the command `resolve-now`."""

from resolve_now import main

if __name__ == "__main__":
    main()
