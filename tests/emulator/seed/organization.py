"""The organization and boto3 clients for each of its accounts, entered by way of `sts:AssumeRole`."""

import json
import urllib.error
import urllib.request

import boto3

MANAGEMENT = "123456789012"
ROLE = "OrganizationAccountAccessRole"
HOME, ELSEWHERE = REGIONS = ("us-east-1", "eu-west-1")


class Account:
    """One account and the credentials with which it is entered."""

    def __init__(self, organization: "Organization", account_id: str, credentials: dict) -> None:
        self.id = account_id
        self.organization = organization
        self._credentials = credentials
        self._clients: dict = {}

    def client(self, service: str, region: str = HOME):
        """A client of a service in a region."""
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service, region_name=region, endpoint_url=self.organization.endpoint, **self._credentials
            )
        return self._clients[service, region]


class Organization:
    """A new organization whose management account is the caller's."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.id = ""
        # moto puts every access key that it did not issue into the management account.
        self.management = Account(self, MANAGEMENT, _credentials("testing", "testing"))
        self._organizations = self.management.client("organizations")
        self.id = self._organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]

    def add_accounts(self, *names: str) -> dict[str, Account]:
        """Creates member accounts, 111111111111, 222222222222, … where the emulator can, and enters them."""
        if len(names) > 9:
            raise ValueError("ids of one repeated digit are enough for nine accounts")
        self.control("account-ids", [str(digit) * 12 for digit in range(1, len(names) + 1)])
        return {name: self._add_account(name) for name in names}

    def _add_account(self, name: str) -> Account:
        created = self._organizations.create_account(
            AccountName=name, Email=f"{name}@example.com", RoleName=ROLE
        )
        account_id = created["CreateAccountStatus"]["AccountId"]
        answer = self.management.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/{ROLE}", RoleSessionName="seed"
        )["Credentials"]
        return Account(
            self,
            account_id,
            _credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]),
        )

    def suspend(self, account: Account) -> None:
        """Closes an account: `ListAccounts` shows it as `SUSPENDED` from then on."""
        self._organizations.close_account(AccountId=account.id)

    def control(self, what: str, body) -> bool:
        """Asks the wrapper for what AWS has no call for; plain moto refuses, and the caller goes on without."""
        request = urllib.request.Request(
            f"{self.endpoint}/_exfilguard/{what}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False


def _credentials(key: str, secret: str, token: str | None = None) -> dict:
    return {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
