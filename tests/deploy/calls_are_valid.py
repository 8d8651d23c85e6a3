"""Reads calls as JSON lines `{"service", "operation", "input"}` and holds each input to AWS's own model of the operation.

Runs where botocore is, the emulator's virtual environment. Names are those of the AWS CLI.
"""

import json
import sys

import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator

NAMES = {"s3api": "s3"}


def main():
    session = botocore.session.get_session()
    count = 0
    for line in sys.stdin:
        call = json.loads(line)
        model = session.get_service_model(NAMES.get(call["service"], call["service"]))
        names = {xform_name(name, "-"): name for name in model.operation_names}
        if call["operation"] not in names:
            sys.exit(f"{call['service']} has no {call['operation']}")
        shape = model.operation_model(names[call["operation"]]).input_shape
        report = ParamValidator().validate(call["input"], shape)
        if report.has_errors():
            sys.exit(f"{call}: {report.generate_report()}")
        count += 1
    print(count)


main()
