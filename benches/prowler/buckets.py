"""Gives accounts nine buckets each, as AWS makes them today: `python buckets.py <endpoint> ACCOUNT…`.

What is missing is created without access control lists and with Block Public Access, which AWS does by itself since April
2023 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html) and the emulator does not.
"""

import sys

import boto3

BUCKETS = 9
ROLE = "OrganizationAccountAccessRole"
BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def client(endpoint: str, account: str):
    """S3 in an account; the caller's own without a role."""
    sts = boto3.client("sts", endpoint_url=endpoint)
    if sts.get_caller_identity()["Account"] == account:
        return boto3.client("s3", endpoint_url=endpoint)
    assumed = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="benchmark")["Credentials"]
    keys = {"aws_access_key_id": assumed["AccessKeyId"], "aws_secret_access_key": assumed["SecretAccessKey"]}
    return boto3.client("s3", endpoint_url=endpoint, aws_session_token=assumed["SessionToken"], **keys)


def main() -> None:
    """Fills up every account."""
    endpoint, *accounts = sys.argv[1:]
    for account in accounts:
        s3 = client(endpoint, account)
        for number in range(len(s3.list_buckets()["Buckets"]), BUCKETS):
            name = f"acme-more-{account}-{number}"
            s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced")
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=BLOCKED)


if __name__ == "__main__":
    main()
