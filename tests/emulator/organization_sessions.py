"""boto3 clients for each account of the seeded organization, by way of plain `sts:AssumeRole`."""

import json
import urllib.request
from urllib.parse import urlsplit

import boto3

ROLE = "OrganizationAccountAccessRole"
MANAGEMENT = "123456789012"
REGIONS = ("us-east-1", "eu-west-1")


class Account:
    """One account, with the credentials of its role, or those of the caller."""

    def __init__(self, organization: "Organization", account_id: str, credentials: dict) -> None:
        self.id = account_id
        self.organization_id = organization.id
        self._endpoint = organization.endpoint
        self._session = organization.session
        self._credentials = credentials
        self._clients: dict = {}

    def client(self, service: str, region: str = "us-east-1"):
        """A client of a service in a region."""
        if (service, region) not in self._clients:
            client = self._session.client(service, region_name=region, endpoint_url=self._endpoint, **self._credentials)
            # S3 Control puts the account id before the host, which an IP address does not survive.
            client.meta.events.register("before-sign.s3-control", self._without_account_id)
            self._clients[service, region] = client
        return self._clients[service, region]

    def _without_account_id(self, request, **_) -> None:
        request.url = self._endpoint + urlsplit(request.url).path


class Organization:
    """A new organization whose management account is the caller's."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.session = boto3.Session()
        self.id = ""
        caller = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.management = Account(self, MANAGEMENT, caller)
        self._organizations = self.management.client("organizations")
        self.id = self._organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        self.management.organization_id = self.id
        self.root = self._organizations.list_roots()["Roots"][0]["Id"]

    def account(self, name: str) -> Account:
        """Creates a member account and enters it."""
        email = f"{name}@example.com"
        created = self._organizations.create_account(AccountName=name, Email=email, RoleName=ROLE)
        account_id = created["CreateAccountStatus"]["AccountId"]
        role = f"arn:aws:iam::{account_id}:role/{ROLE}"
        answer = self.management.client("sts").assume_role(RoleArn=role, RoleSessionName="seed")
        credentials = {
            "aws_access_key_id": answer["Credentials"]["AccessKeyId"],
            "aws_secret_access_key": answer["Credentials"]["SecretAccessKey"],
            "aws_session_token": answer["Credentials"]["SessionToken"],
        }
        return Account(self, account_id, credentials)

    def unit(self, name: str, *accounts: Account) -> str:
        """Creates an organizational unit below the root and moves accounts into it."""
        made = self._organizations.create_organizational_unit(ParentId=self.root, Name=name)
        unit = made["OrganizationalUnit"]["Id"]
        for account in accounts:
            self._organizations.move_account(AccountId=account.id, SourceParentId=self.root, DestinationParentId=unit)
        return unit

    def close(self, account: Account) -> None:
        """Closes an account: it is `SUSPENDED` from then on."""
        self._organizations.close_account(AccountId=account.id)

    def put(self, *items: dict) -> None:
        """Seeds state that AWS has no call for, through the wrapper's control endpoint."""
        request = urllib.request.Request(f"{self.endpoint}/_exfilguard/put", json.dumps(items).encode())
        urllib.request.urlopen(request).close()
