"""XML answers whose outermost element moto names after its own operations instead of AWS's shapes."""

import re

from service_call import Answer

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def with_root(answer: Answer, root: str) -> Answer:
    """The answer with another name of its outermost element; errors stay as they are."""
    if answer.status != 200:
        return answer
    text = answer.body.decode()
    found = re.search(r"<(\w+)[\s/>]", text)
    if found is None:
        return answer.with_body(f'<{root} xmlns="{NAMESPACE}"/>'.encode())
    return answer.with_body(re.sub(rf"(</?){found[1]}(?=[\s/>])", rf"\g<1>{root}", text).encode())
