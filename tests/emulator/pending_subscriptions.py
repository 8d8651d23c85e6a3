"""SNS subscriptions that nobody confirmed; moto confirms every one at once.

https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
"""

import re

from seeded_state import SeededState
from service_call import Answer, Call


def list_subscriptions(call: Call, moto, state: SeededState) -> Answer:
    """The list, with `PendingConfirmation` in place of the ARN of each marked subscription."""
    answer = moto(call.environ_for_moto())
    body = answer.body
    for item in state.all("pending_subscription"):
        # A topic's ARN marks all its subscriptions, whose ARNs begin with it.
        arn = re.compile(rf"<SubscriptionArn>{re.escape(item['arn'])}(:[^<]*)?</SubscriptionArn>".encode())
        body = arn.sub(b"<SubscriptionArn>PendingConfirmation</SubscriptionArn>", body)
    return answer.with_body(body)


def get_subscription_attributes(call: Call, moto, state: SeededState) -> Answer:
    """The attributes, with `PendingConfirmation` true for a marked subscription."""
    answer = moto(call.environ_for_moto())
    if state.last("pending_subscription", arn=call.parameters().get("SubscriptionArn", "")) is None:
        return answer
    pending = b"<key>PendingConfirmation</key><value>%s</value>"
    return answer.with_body(answer.body.replace(pending % b"false", pending % b"true"))
