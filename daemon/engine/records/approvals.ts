/** Approvals of people: what waits, and who approves it. */

import type { ApprovalBodySchema, ApprovalsBodySchema } from '../../contract/bodies/approvals.ts';
import type { ApprovedBodySchema } from '../../contract/bodies/decisions.ts';
import type { Body } from '../../contract/schema/agreement.ts';

export type { ApprovalProof } from './people-events.ts';
export type ApprovalBody = Body<typeof ApprovalBodySchema>;
export type ApprovalsBody = Body<typeof ApprovalsBodySchema>;
/** `answer`: the decision of the grant with its execution; null: more people must approve. */
export type ApprovedBody = Body<typeof ApprovedBodySchema>;
