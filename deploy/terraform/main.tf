# The roles of exfilguard in one account. Apply it in every account, or use the StackSets of ../cloudformation.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "trusted_principal_arn" {
  description = "Who may assume the roles, best the one role that runs exfilguard in the central account"
  type        = string
}

variable "external_id" {
  description = "What the caller must name, too (EXFILGUARD_EXTERNAL_ID)"
  type        = string
  sensitive   = true
}

variable "roles" {
  description = "Which roles to make: audit, investigation, remediation; give the last to fewer people than the first"
  type        = set(string)
  default     = ["audit"]
}

variable "role_names" {
  description = "The roles' names, the same in every account (audit --role)"
  type        = map(string)
  default = {
    audit         = "ExfilguardAudit"
    investigation = "ExfilguardInvestigate"
    remediation   = "ExfilguardRemediate"
  }
}

variable "placeholders" {
  description = "With the investigation role: TRAIL_BUCKET, RESULTS_BUCKET, TRAIL_KEY and TRAIL_LOG_GROUP, by what they stand for"
  type        = map(string)
  default     = {}
}

data "aws_partition" "current" {}

locals {
  # The files are what `exfilguard iam-policy` prints, for the partition aws.
  policies = {
    for role in var.roles : role => replace(
      replace(
        replace(
          replace(
            replace(file("${path.module}/policies/${role}.json"), "arn:aws:", "arn:${data.aws_partition.current.partition}:"),
            "TRAIL_BUCKET", lookup(var.placeholders, "TRAIL_BUCKET", "TRAIL_BUCKET")
          ),
          "RESULTS_BUCKET", lookup(var.placeholders, "RESULTS_BUCKET", "RESULTS_BUCKET")
        ),
        "TRAIL_KEY", lookup(var.placeholders, "TRAIL_KEY", "TRAIL_KEY")
      ),
      "TRAIL_LOG_GROUP", lookup(var.placeholders, "TRAIL_LOG_GROUP", "TRAIL_LOG_GROUP")
    )
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [var.trusted_principal_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

resource "aws_iam_role" "exfilguard" {
  for_each             = var.roles
  name                 = var.role_names[each.key]
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "exfilguard" {
  for_each = var.roles
  name     = "exfilguard-${each.key}"
  role     = aws_iam_role.exfilguard[each.key].id
  policy   = local.policies[each.key]
}

output "role_arns" {
  description = "The roles' ARNs"
  value       = { for name, role in aws_iam_role.exfilguard : name => role.arn }
}
