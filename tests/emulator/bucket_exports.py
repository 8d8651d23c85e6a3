"""Where a bucket sends data by itself, in AWS's words: moto names the root of two answers after its own operations.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html
"""

from answer_root import with_root
from seeded_state import SeededState
from service_call import Answer, Call


def get_notifications(call: Call, moto, _state: SeededState) -> Answer:
    """The bucket's event notifications."""
    return with_root(moto(call.environ_for_moto()), "NotificationConfiguration")


def list_inventories(call: Call, moto, _state: SeededState) -> Answer:
    """The bucket's inventories, on one page."""
    return with_root(moto(call.environ_for_moto()), "ListInventoryConfigurationsResult")
