"""S3 as AWS answers where moto does not: the region in `ListBuckets`, its pages, and policies that are no JSON.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
"""

import base64
import re
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.s3.models import s3_backends

from seeded_state import SeededState
from service_call import Answer, Call

OWNER = "bcaf1ffd86f41161ca5fb16fd081034f"


def list_buckets(call: Call, _moto, _state: SeededState) -> Answer:
    """A page of the account's buckets. S3 names the region only when a parameter is given; so does this."""
    parameters = dict(parse_qsl(call.query, keep_blank_values=True))
    buckets = s3_backends[call.account]["aws"].buckets
    prefix, region = parameters.get("prefix", ""), parameters.get("bucket-region")
    names = sorted(name for name in list(buckets) if name.startswith(prefix))
    names = [name for name in names if region in (None, buckets[name].region_name)]
    if token := parameters.get("continuation-token"):
        after = base64.urlsafe_b64decode(token).decode()
        names = [name for name in names if name > after]
    size = int(parameters.get("max-buckets") or 10_000)
    page = names[:size]
    with_region = bool(parameters.keys() - {"x-id"})
    items = "".join(_bucket(buckets[name], with_region) for name in page)
    rest = ""
    if len(names) > size:
        token = base64.urlsafe_b64encode(page[-1].encode()).decode()
        rest = f"<ContinuationToken>{token}</ContinuationToken>"
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Owner><ID>{OWNER}</ID></Owner><Buckets>{items}</Buckets>{rest}</ListAllMyBucketsResult>"
    )
    return Answer(200, text.encode(), [("Content-Type", "application/xml")])


def _bucket(bucket, with_region: bool) -> str:
    region = f"<BucketRegion>{escape(bucket.region_name)}</BucketRegion>" if with_region else ""
    created = bucket.creation_date_ISO8601
    return f"<Bucket><Name>{escape(bucket.name)}</Name><CreationDate>{created}</CreationDate>{region}</Bucket>"


def get_bucket_policy(call: Call, moto, state: SeededState) -> Answer:
    """The seeded text, which `PutBucketPolicy` would refuse, or moto's policy."""
    bucket = re.match(r"/([^/?]+)", call.path)
    item = state.last("bucket_policy", bucket=bucket[1]) if bucket else None
    if item is None:
        return moto(call.environ_for_moto())
    return Answer(200, item["text"].encode(), [("Content-Type", "application/json")])
