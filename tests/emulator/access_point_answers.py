"""S3 Control's `ListAccessPoints` as AWS answers: those of the region alone, with the account that owns the bucket.

moto has one list for all regions. https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListAccessPoints.html
"""

from xml.sax.saxutils import escape

from moto.s3.models import s3_backends
from moto.s3control.models import s3control_backends

from answer_root import with_root
from seeded_state import SeededState
from service_call import Answer, Call


def list_access_points(call: Call, _moto, _state: SeededState) -> Answer:
    """The account's access points whose bucket is in the region, on one page."""
    points = s3control_backends[call.account]["aws"].access_points.get(call.account, {})
    here = [point for point in points.values() if _region(call.account, point.bucket) == call.region]
    items = "".join(_item(point, call) for point in here)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListAccessPointsResult xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">'
        f"<AccessPointList>{items}</AccessPointList></ListAccessPointsResult>"
    )
    return Answer(200, text.encode(), [("Content-Type", "application/xml")])


def with_result(call: Call, moto, _state: SeededState) -> Answer:
    """moto's answer under the name that AWS gives it."""
    return with_root(moto(call.environ_for_moto()), f"{call.operation}Result")


def _region(account: str, bucket: str) -> str | None:
    found = s3_backends[account]["aws"].buckets.get(bucket)
    return found.region_name if found else None


def _item(point, call: Call) -> str:
    arn = f"arn:aws:s3:{call.region}:{call.account}:accesspoint/{point.name}"
    vpc = f"<VpcConfiguration><VpcId>{escape(point.vpc_id)}</VpcId></VpcConfiguration>" if point.vpc_id else ""
    return (
        f"<AccessPoint><Name>{escape(point.name)}</Name><NetworkOrigin>{point.network_origin}</NetworkOrigin>{vpc}"
        f"<Bucket>{escape(point.bucket)}</Bucket><AccessPointArn>{arn}</AccessPointArn>"
        f"<BucketAccountId>{call.account}</BucketAccountId></AccessPoint>"
    )
