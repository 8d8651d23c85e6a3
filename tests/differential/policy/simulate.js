// Answers IAM policy cases, one JSON line each, by @cloud-copilot/iam-simulate: for every variant of the context.

import { createInterface } from 'node:readline'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const RESULTS = { Allowed: 'yes', ExplicitlyDenied: 'no', ImplicitlyDenied: 'no' }

const named = (documents) => documents.map((policy, index) => ({ name: `p${index}`, policy }))
const levels = (documents) =>
  (documents ?? []).map((level, index) => ({ orgIdentifier: `ou-${index}`, policies: named(level) }))

function principalOf(principal) {
  if (principal === 'anonymous') return anonymousPrincipal
  return principal.arn ?? principal.service
}

function simulationOf({ policies, request }, identity, contextVariables) {
  return {
    request: {
      principal: principalOf(request.principal),
      action: request.action,
      resource: { resource: request.resource, accountId: request.resource_account },
      contextVariables,
    },
    identityPolicies: named(identity ?? policies.identity ?? []),
    serviceControlPolicies: levels(policies.scp),
    resourceControlPolicies: levels(policies.rcp),
    resourcePolicy: policies.resource,
    vpcEndpointPolicies: policies.endpoint ? named([policies.endpoint]) : undefined,
    additionalSettings: { s3: { blockPublicAccess: policies.block_public_access?.RestrictPublicBuckets ?? false } },
  }
}

async function answer(question, identity, context) {
  const response = await runSimulation(simulationOf(question, identity, context), {})
  if (response.resultType === 'error') return `error: ${JSON.stringify(response.errors)}`
  const ignored = response.result?.ignoredContextKeys ?? []
  if (ignored.length > 0) return `error: ignored context keys ${ignored}`
  return RESULTS[response.overallResult]
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, question, variants, simulated_identity: identity } = JSON.parse(line)
  const answers = []
  for (const context of variants) answers.push(await answer(question, identity, context))
  process.stdout.write(`${JSON.stringify({ id, answers: { 'iam-simulate': answers } })}\n`)
}
