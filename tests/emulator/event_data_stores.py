"""CloudTrail Lake's event data stores, which moto lacks: those that were seeded, else none.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListEventDataStores.html
"""

import json

from error_format import error
from seeded_state import SeededState
from service_call import Answer, Call

HEADERS = [("Content-Type", "application/x-amz-json-1.1")]


def list_event_data_stores(call: Call, _moto, state: SeededState) -> Answer:
    """Name and ARN of each: AWS leaves the other fields out of the list."""
    stores = state.all("event_data_store", account=call.account, region=call.region)
    listed = [{name: store["value"].get(name) for name in ("EventDataStoreArn", "Name")} for store in stores]
    return Answer(200, json.dumps({"EventDataStores": listed}).encode(), HEADERS)


def get_event_data_store(call: Call, _moto, state: SeededState) -> Answer:
    """The store with the ARN, or the id that the ARN ends with."""
    wanted = call.parameters().get("EventDataStore", "")
    for store in state.all("event_data_store", account=call.account, region=call.region):
        arn = store["value"].get("EventDataStoreArn", "")
        if wanted in (arn, arn.rpartition("/")[2]):
            return Answer(200, json.dumps(store["value"]).encode(), HEADERS)
    return error(call, 400, "EventDataStoreNotFoundException", f"no event data store {wanted}")
