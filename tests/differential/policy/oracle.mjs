// Answers questions of `exfilguard eval policy` with @cloud-copilot/iam-simulate: a JSON line in, a JSON line out.
import { createInterface } from 'node:readline'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const named = (policies) => (policies ?? []).map((policy, index) => ({ name: `p${index}`, policy }))
const levels = (kind, given) => (given ?? []).map((level, index) => ({ orgIdentifier: `${kind}-${index}`, policies: named(level) }))
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

function simulation({ policies, request }) {
  const anonymous = request.principal === 'anonymous'
  return {
    request: {
      principal: anonymous ? anonymousPrincipal : request.principal.arn ?? request.principal.service,
      action: request.action,
      resource: { resource: request.resource, accountId: request.resource_account },
      contextVariables: request.context ?? {},
    },
    // Without identity policies exfilguard assumes that the principal may do everything.
    identityPolicies: anonymous || request.principal.service ? [] : named(policies.identity ?? [everything]),
    serviceControlPolicies: anonymous ? [] : levels('ou', policies.scp),
    resourceControlPolicies: levels('o', policies.rcp),
    resourcePolicy: policies.resource,
    vpcEndpointPolicies: policies.endpoint ? named([policies.endpoint]) : undefined,
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line)
  const result = await runSimulation(simulation(question), {})
  const answer = result.resultType === 'error' ? { error: result.errors } : { result: result.overallResult }
  process.stdout.write(JSON.stringify({ id: question.id, ...answer }) + '\n')
}
