import type { Static } from 'typebox';
import * as Type from '../built/typebox.js';
import { buildContractCheck } from '../schema/check.ts';
import * as field from '../schema/fields.ts';
import type { KeyOfHeads, SignedHead } from '../signed-heads.ts';

/**
 * A decision with the proof that the ledger holds it. docs/receipts.md says what is in it and how it is verified, which
 * no schema can; OpenAPI names its members alone.
 */

type Named = { readonly [member: string]: unknown };
interface Placed {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  /** As it is stored and hashed: canonical JSON. */
  readonly payload: string;
  readonly prev_hash: string;
}
interface Proven extends Placed {
  /** Siblings from the leaf up to the root of its batch. */
  readonly path: readonly string[];
}
interface ProvenBatch {
  readonly number: number;
  readonly first_seq: number;
  readonly seq: number;
  readonly batch_root: string;
  /** Siblings up to the root of all batches. */
  readonly path: readonly string[];
}
/** `seq` and `outcome`: its last record, null where the head covers none. */
interface OrderEnd {
  readonly client_order_id: string;
  readonly seq: number | null;
  readonly outcome: Named | null;
}
const object = <T>() => Type.Unsafe<T>({ type: 'object' });
const list = <T>() => Type.Unsafe<readonly T[]>({ type: 'array', items: { type: 'object' } });

export const ReceiptBodySchema = Type.Object(
  {
    format: Type.Literal(1),
    decision_id: Type.String(),
    request: object<Named>(),
    context: object<Named>(),
    policy: Type.String(),
    decision: object<Named>(),
    orders: list<OrderEnd>(),
    end: Type.Unsafe<Named | null>({ type: ['object', 'null'] }),
    is_complete: Type.Boolean(),
    genesis: object<Placed>(),
    records: list<Proven>(),
    batches: list<ProvenBatch>(),
    head: object<SignedHead>(),
    keys: list<KeyOfHeads>(),
  },
  { ...field.closed, description: 'docs/receipts.md has its members.' }, // note
);
export type Receipt = Static<typeof ReceiptBodySchema>;

export const ReceiptQuery = Type.Object(
  { head: Type.Optional(Type.Integer({ minimum: 1, description: 'Number of a signed head. Absent: the last.' })) }, // note, AN-246
  field.closed,
);
export const checkReceiptQuery = buildContractCheck<Static<typeof ReceiptQuery>>(ReceiptQuery);
