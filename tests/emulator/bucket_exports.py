"""Where a bucket sends data by itself, in AWS's words: moto names the root of two answers after its own operations.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html
"""

import re

from seeded_state import SeededState
from service_call import Answer, Call


def get_notifications(call: Call, moto, _state: SeededState) -> Answer:
    """The bucket's event notifications."""
    return _with_root(moto(call.environ_for_moto()), "NotificationConfiguration")


def list_inventories(call: Call, moto, _state: SeededState) -> Answer:
    """The bucket's inventories, on one page."""
    return _with_root(moto(call.environ_for_moto()), "ListInventoryConfigurationsResult")


def _with_root(answer: Answer, root: str) -> Answer:
    """The answer with another name of its outermost element; errors stay as they are."""
    if answer.status != 200:
        return answer
    text = answer.body.decode()
    found = re.search(r"<(\w+)[\s/>]", text)
    if found is None:
        return answer.with_body(f'<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'.encode())
    return answer.with_body(re.sub(rf"(</?){found[1]}(?=[\s/>])", rf"\g<1>{root}", text).encode())
