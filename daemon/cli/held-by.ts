import type { PositionBody } from '../gate/api/reads.ts';

/** Whose a position is, as operators read it: its holder's, nobody's, or in part each. */
export function heldBy({ agent_share: shares, holder, quantity }: PositionBody): string {
  const share = holder == null ? '0' : (shares[holder] ?? '0');
  if (holder == null || Number(share) === 0) return 'nobody';
  return Number(share) === Number(quantity) ? holder : `${holder} ${share}, nobody the rest`;
}
