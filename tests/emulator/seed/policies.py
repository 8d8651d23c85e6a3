"""Policy documents that restrict: sections 7.6 and 7.7 of the semantics, filled in for one organization."""

OFFICE = "203.0.113.0/24"


def document(*statements: dict) -> dict:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def resources(bucket: str) -> list[str]:
    """A bucket and its objects."""
    return [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def outside_networks(organization_id: str, account_id: str) -> dict:
    """The condition that a request comes neither from the office nor through an endpoint of the organization."""
    return {
        "NotIpAddressIfExists": {"aws:SourceIp": [OFFICE]},
        "StringNotEqualsIfExists": {"aws:VpceOrgID": organization_id},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
        "ArnNotLikeIfExists": {"aws:PrincipalArn": [f"arn:aws:iam::{account_id}:role/break-glass"]},
    }


def bucket(name: str, organization_id: str, account_id: str) -> dict:
    """Refuses requests without TLS, from outside the organization, and from outside its networks."""
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources(name)}
    outsiders = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization_id},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    services_of_others = {
        "StringNotEqualsIfExists": {"aws:SourceOrgID": organization_id},
        "Null": {"aws:SourceAccount": "false"},
        "Bool": {"aws:PrincipalIsAWSService": "true"},
    }
    networks = outside_networks(organization_id, account_id)
    return document(
        {"Sid": "TlsOnly", **everything, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "IdentityPerimeter", **everything, "Condition": outsiders},
        {"Sid": "ServicesOnlyForUs", **everything, "Condition": services_of_others},
        {"Sid": "NetworkPerimeter", **everything, "Condition": networks},
    )


def without(policy: dict, *sids: str) -> dict:
    """The policy without some of its statements."""
    return {**policy, "Statement": [one for one in policy["Statement"] if one["Sid"] not in sids]}


def log_bucket(name: str, organization_id: str, account_id: str) -> dict:
    """The policy of a bucket to which the organization's trails write."""
    both, objects = resources(name)
    trail = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    ours = {"StringEquals": {"aws:SourceOrgID": organization_id}}
    return document(
        *bucket(name, organization_id, account_id)["Statement"],
        {"Sid": "TrailAcl", **trail, "Action": "s3:GetBucketAcl", "Resource": both, "Condition": ours},
        {"Sid": "TrailWrite", **trail, "Action": "s3:PutObject", "Resource": objects, "Condition": ours},
    )


def endpoint(organization_id: str, region: str) -> dict:
    """Lets the organization reach its own buckets, AWS's services any, and everybody read AWS's package buckets."""
    anybody = {"Effect": "Allow", "Principal": "*"}
    ours = {"aws:PrincipalOrgID": organization_id, "aws:ResourceOrgID": organization_id}
    packages = ("al2023-repos-{}-de612dc2", "amazon-ssm-{}", "prod-{}-starport-layer-bucket")
    return document(
        {
            "Sid": "OrgIdentitiesToOrgResources",
            **anybody,
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringEquals": ours},
        },
        {
            "Sid": "AwsServicePrincipals",
            **anybody,
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}},
        },
        {
            "Sid": "AwsOwnedReadOnly",
            **anybody,
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{name.format(region)}/*" for name in packages],
        },
    )


def topic(arn: str) -> dict:
    """Lets CloudWatch and EventBridge publish to a topic."""
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": arn}
    return document(
        {"Sid": "CloudWatch", **publish, "Principal": {"Service": "cloudwatch.amazonaws.com"}},
        {"Sid": "EventBridge", **publish, "Principal": {"Service": "events.amazonaws.com"}},
    )


def organization_identities_only(organization_id: str) -> dict:
    """An endpoint policy that looks closed and lets the organization write to any bucket of the world."""
    ours = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    return document(
        {
            "Sid": "OrgIdentities",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": ours,
        }
    )
