import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApprovalBodySchema, ApprovalChallengeSchema, ApprovalsBodySchema } from '../../contract/bodies/approvals.ts';
import { ApprovedBodySchema } from '../../contract/bodies/decisions.ts';
import * as command from '../../contract/commands.ts';
import type { Assertion } from '../../contract/passkeys.ts';
import type { ApprovalBody, ApprovalProof } from '../../engine/records/approvals.ts';
import { ApiError, codeOf } from '../errors.ts';
import { bodyOf, queryOf, requireValid } from '../requests/input.ts';
import { addRoute, CONSOLE_TAG, callerOf, type Doors, operatorRoute, whileInFlight } from '../requests/routing.ts';

const UNKNOWN = 'There is no approval with this id among those that wait and the last 1,000 that have ended.';

/** Approvals of orders by people. No agent can reach them, by no tool. */
export function registerApprovalRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    ...operatorRoute(
      'GET',
      '/v1/approvals',
      'Orders that wait for an approval, and what became of others',
      ApprovalsBodySchema,
    ),
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return gate.getApprovals();
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('GET', '/v1/approvals/:id', 'One approval', ApprovalBodySchema),
    params: command.ApprovalPath,
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return known(gate.getApproval(requireValid(command.checkApprovalPath, request.params).id));
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('GET', '/v1/approvals/:id/challenge', '', ApprovalChallengeSchema),
    text: { summary: 'What a passkey signs to approve', tags: [CONSOLE_TAG] },
    params: command.ApprovalPath,
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      const { digest } = known(gate.getApproval(requireValid(command.checkApprovalPath, request.params).id));
      if (doors.passkeys === null) throw new ApiError('NOT_FOUND', 'No passkey can approve on this entrance.');
      return { options: doors.passkeys.startApproval(digest) };
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/approvals/:id', 'Approve or deny an order', ApprovedBodySchema),
    params: command.ApprovalPath,
    body: command.ApprovalRequest,
    handler: async (request) => {
      const { id } = requireValid(command.checkApprovalPath, request.params);
      const { action, assertion, digest, reason } = requireValid(command.checkApproval, bodyOf(request));
      if (action === 'deny') {
        const denied = await whileInFlight(request, gate.denyApproval(callerOf(request), id, reason ?? ''));
        return { approval: known(denied), answer: null };
      }
      if (digest === undefined)
        throw new ApiError('INVALID_INPUT', 'digest: approve names the digest of the approval that was looked at');
      const approval = known(gate.getApproval(id));
      return whileInFlight(request, approve(doors, request, { approval, assertion, digest }));
    },
  });
}

interface Approving {
  readonly approval: ApprovalBody;
  readonly digest: string;
  readonly assertion: Assertion | undefined;
}

async function approve(
  doors: Doors,
  request: FastifyRequest,
  { approval, assertion, digest }: Approving,
): Promise<unknown> {
  const { gate } = doors;
  const caller = callerOf(request);
  const { approval_id: id } = approval;
  const proof = await verify(doors, request, digest, assertion);
  if (typeof proof === 'string') throw await gate.refuseApproval(caller, id, proof);
  const approved = await gate.approve(caller, id, digest, proof);
  if (approved === null) throw new ApiError('NOT_FOUND', UNKNOWN);
  return approved;
}

/** Who approves, by what the call proves; else why nobody is known to. */
async function verify(
  { passkeys }: Doors,
  request: FastifyRequest,
  digest: string,
  assertion: Assertion | undefined,
): Promise<ApprovalProof | string> {
  const { agent, tokenId } = callerOf(request);
  if (assertion !== undefined) {
    if (passkeys === null) return 'no passkey can approve on this entrance: use the console';
    try {
      const { keyId, name } = await passkeys.verifyApproval(digest, assertion);
      return { kind: 'passkey', key_id: keyId, name, assertion };
    } catch (error) {
      if (codeOf(error) === 'FORBIDDEN' && error instanceof Error) return error.message;
      throw error;
    }
  }
  // Method, path and body of this call, and with them the digest, are what the passkey signed (passkey-acts.ts).
  if (request.signed !== null)
    return { kind: 'passkey', key_id: tokenId, name: agent, assertion: { act: request.signed.signature } };
  return { kind: 'operator_token', by: agent, token_id: tokenId };
}

function known(approval: ApprovalBody | null): ApprovalBody {
  if (approval === null) throw new ApiError('NOT_FOUND', UNKNOWN);
  return approval;
}
