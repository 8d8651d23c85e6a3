"""A rule that settles disagreements; `settled.md` says which AWS document decides and who is wrong."""

import dataclasses
from typing import Any, Callable


@dataclasses.dataclass(frozen=True)
class Rule:
    """`recognises` looks at the case alone, never at the answers: it must find the construct that the rule is about."""

    name: str
    oracle: str
    recognises: Callable[[dict[str, Any]], bool]
