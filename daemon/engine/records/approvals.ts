/** Approvals of people: what waits, and who approves it. */
import type { Body } from '../../contract/agreement.ts';
import type { ApprovalBodySchema, ApprovalsBodySchema } from '../../contract/bodies/approvals.ts';
import type { ApprovedBodySchema } from '../../contract/bodies/decisions.ts';

/**
 * Who approves. The entrance has verified it: the token, or the passkey's signature of the approval's digest, of which the
 * record keeps all that an outsider needs to verify it again.
 */
export type ApprovalProof =
  /** `token_id`: absent in older records. */
  | { readonly kind: 'operator_token'; readonly by: string; readonly token_id?: string }
  | {
      readonly kind: 'passkey';
      readonly key_id: string;
      readonly name: string;
      readonly assertion: { readonly [member: string]: unknown };
    };
export type ApprovalBody = Body<typeof ApprovalBodySchema>;
export type ApprovalsBody = Body<typeof ApprovalsBodySchema>;
/** `answer`: the decision of the grant with its execution; null: more people must approve. */
export type ApprovedBody = Body<typeof ApprovedBodySchema>;
