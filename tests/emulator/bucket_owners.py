"""The owner whom a call on a bucket expects, which moto does not look at.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
"""

import re

from moto.s3.models import s3_backends

from error_format import error
from service_call import Answer, Call


def refusal(call: Call) -> Answer | None:
    """AWS's refusal of a call on a bucket that belongs to another account than the one that it names."""
    expected = call.environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER")
    bucket = re.match(r"/([^/?]+)", call.path)
    if call.service != "s3" or expected is None or bucket is None:
        return None
    owners = [account for account, backend in list(s3_backends.items()) if bucket[1] in backend["aws"].buckets]
    if owners and expected not in owners:
        return error(call, 403, "AccessDenied", "Access Denied")
    return None
