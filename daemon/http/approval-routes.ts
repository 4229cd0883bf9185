import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import * as body from '../contract/bodies.ts';
import * as command from '../contract/commands.ts';
import type { ApprovalBody, ApprovalProof } from '../gate/api/approvals.ts';
import type { Caller } from '../gate/api.ts';
import { ApiError } from './errors.ts';
import {
  addRoute,
  bodyOf,
  callerOf,
  type Doors,
  OPERATOR_ROUTE,
  queryOf,
  requireValid,
  whileInFlight,
} from './routing.ts';

const operator = (method: 'GET' | 'POST', url: string, summary: string, answer: TSchema) =>
  ({ method, url, roles: OPERATOR_ROUTE, isLimited: false, text: { summary, tags: ['operator'] }, answer }) as const;

const UNKNOWN = 'There is no approval with this id among those that wait and the last 1,000 that have ended.';

/** Approvals of orders by people. No agent can reach them, by no tool. */
export function registerApprovalRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    ...operator(
      'GET',
      '/v1/approvals',
      'Orders that wait for an approval, and what became of others',
      body.ApprovalsBodySchema,
    ),
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return gate.getApprovals();
    },
  });
  addRoute(app, doors, {
    ...operator('GET', '/v1/approvals/:id', 'One approval', body.ApprovalBodySchema),
    params: command.ApprovalPath,
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return known(gate.getApproval(requireValid(command.checkApprovalPath, request.params).id));
    },
  });
  addRoute(app, doors, {
    ...operator('POST', '/v1/approvals/:id', 'Approve or deny an order', body.ApprovedBodySchema),
    params: command.ApprovalPath,
    body: command.ApprovalRequest,
    handler: async (request) => {
      const { id } = requireValid(command.checkApprovalPath, request.params);
      const { action, assertion, digest, reason } = requireValid(command.checkApproval, bodyOf(request));
      const caller = callerOf(request);
      if (action === 'deny') {
        const denied = await whileInFlight(request, gate.denyApproval(caller, id, reason ?? ''));
        return { approval: known(denied), answer: null };
      }
      if (digest === undefined)
        throw new ApiError('INVALID_INPUT', 'digest: approve names the digest of the approval that was looked at');
      return whileInFlight(request, approve(doors, caller, known(gate.getApproval(id)), digest, assertion));
    },
  });
}

async function approve(
  { gate }: Doors,
  caller: Caller,
  approval: ApprovalBody,
  digest: string,
  assertion: { readonly [member: string]: unknown } | undefined,
): Promise<unknown> {
  const proof = await verify(caller, assertion);
  if (typeof proof === 'string') throw await gate.refuseApproval(caller, approval.approval_id, proof);
  const approved = await gate.approve(caller, approval.approval_id, digest, proof);
  if (approved === null) throw new ApiError('NOT_FOUND', UNKNOWN);
  return approved;
}

/** Who approves, by what the call itself proves; else why that is not known. */
async function verify(
  caller: Caller,
  assertion: { readonly [member: string]: unknown } | undefined,
): Promise<ApprovalProof | string> {
  if (assertion === undefined) return { kind: 'operator_token', by: caller.agent };
  return 'no passkey is enrolled';
}

function known(approval: ApprovalBody | null): ApprovalBody {
  if (approval === null) throw new ApiError('NOT_FOUND', UNKNOWN);
  return approval;
}
