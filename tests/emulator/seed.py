"""Seeds a running emulator: `python seed.py <endpoint> trap|example`. Prints account ids and the like as JSON."""

import argparse
import json

import example_organization
import trap_organization

ORGANIZATIONS = {"trap": trap_organization.seed, "example": example_organization.seed}


def main() -> None:
    """Seeds one organization; an emulator holds one only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint", help="http://127.0.0.1:PORT, as `serve.py` prints it")
    parser.add_argument("organization", choices=sorted(ORGANIZATIONS))
    chosen = parser.parse_args()
    print(json.dumps(ORGANIZATIONS[chosen.organization](chosen.endpoint), indent=2))


if __name__ == "__main__":
    main()
