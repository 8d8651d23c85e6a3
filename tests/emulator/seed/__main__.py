"""`python -m seed <endpoint> trap|example`: seeds a running emulator and prints the account ids as JSON."""

import argparse
import json

from seed import example, traps

ORGANIZATIONS = {"trap": traps.seed, "example": example.seed}


def main() -> None:
    """Seeds one organization; an emulator holds one only."""
    parser = argparse.ArgumentParser(prog="python -m seed", description=__doc__)
    parser.add_argument("endpoint", help="http://127.0.0.1:PORT")
    parser.add_argument("organization", choices=sorted(ORGANIZATIONS))
    chosen = parser.parse_args()
    print(json.dumps({"accounts": ORGANIZATIONS[chosen.organization](chosen.endpoint)}, indent=2))


if __name__ == "__main__":
    main()
