"""Seeds an emulator with an organization: `python -m seed <endpoint> trap|example` in `tests/emulator`."""
