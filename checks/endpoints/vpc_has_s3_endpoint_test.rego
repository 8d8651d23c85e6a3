package exfilguard.endpoints.vpc_has_s3_endpoint_test

import rego.v1

import data.exfilguard.endpoints.vpc_has_s3_endpoint

vpc(has_workloads, through_endpoint, reason) := {
	"id": "vpc-1",
	"region": "eu-west-1",
	"has_workloads": {"holds": has_workloads, "reason": "interface `eni-1` in subnet `subnet-1` is in use"},
	"s3_through_endpoint": {"holds": through_endpoint, "reason": reason},
}

test_a_vpc_with_an_endpoint_passes if {
	facts := vpc(true, true, "subnet `subnet-1` (route table `rtb-1`) leads to S3 through endpoint `vpce-1`")
	vpc_has_s3_endpoint.applies with input as facts
	vpc_has_s3_endpoint.pass with input as facts
}

test_a_vpc_with_a_way_past_every_endpoint_fails if {
	facts := vpc(true, false, "subnet `subnet-1` leads out through `nat-1`, and the VPC has no endpoint of S3")
	vpc_has_s3_endpoint.applies with input as facts
	not vpc_has_s3_endpoint.pass with input as facts
	message := vpc_has_s3_endpoint.message with input as facts
	message == concat("", [
		"workloads of `vpc-1` in `eu-west-1` reach S3 past every endpoint policy: ",
		"subnet `subnet-1` leads out through `nat-1`, and the VPC has no endpoint of S3",
	])
}

test_a_vpc_in_which_nothing_runs_is_not_judged if {
	not vpc_has_s3_endpoint.applies with input as vpc(false, true, "no subnet in use leads out")
}

test_missing_facts_do_not_pass if {
	not vpc_has_s3_endpoint.pass with input as {"id": "vpc-1", "region": "eu-west-1"}
}
