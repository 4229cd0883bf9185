import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ApprovalBody } from '../../engine/records/approvals.ts';
import { openApprove, openDeny } from '../acts/acts.ts';
import { clock, countdown, usdt } from '../format.ts';
import { Panel, Pill, Untrusted } from '../parts.tsx';
import { approvals, waitingApprovals } from '../state/store.ts';

const LINK = '#/approvals/';
const linkedId = (): string | null => (location.hash.startsWith(LINK) ? location.hash.slice(LINK.length) : null);

/** Brings a card into sight, and its first button to the keyboard. */
export function showCard(id: string): void {
  const card = document.getElementById(`approval-${id}`);
  card?.scrollIntoView({ block: 'center' });
  card?.querySelector('button')?.focus({ preventScroll: true });
}

/** Orders that wait for a person, above everything else; and the one that a link names, whatever became of it. */
export function ApprovalCards() {
  const linked = useSignal(linkedId());
  useEffect(() => {
    const follow = (): void => {
      linked.value = linkedId();
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const shown = (approvals.value ?? []).filter(
    ({ approval_id: id, status }) => status === 'pending' || id === linked.value,
  );
  if (shown.length === 0) return null;
  const waiting = shown.filter(({ status }) => status === 'pending').length;
  return (
    <Panel
      title="Approvals"
      name="approvals"
      note={waiting === 0 ? 'none waits' : <Pill kind="reducing">{waiting} waiting</Pill>}
    >
      <ul class="approvals">
        {shown.map((approval) => (
          <Card key={approval.approval_id} approval={approval} />
        ))}
      </ul>
    </Panel>
  );
}

function Card({ approval }: { readonly approval: ApprovalBody }) {
  const isWaiting = approval.status === 'pending';
  const leftMs = waitingApprovals.value.find((each) => each.approval === approval)?.leftMs ?? 0;
  return (
    <li class={isWaiting ? 'approval' : 'approval seen'} id={`approval-${approval.approval_id}`}>
      <p class="approval-head">
        <strong class={approval.side === 'buy' ? 'long' : 'short'}>
          {approval.side} at most {approval.quantity} {approval.symbol}
        </strong>
        <span>
          for {approval.agent}, {usdt(approval.notional_usdt)} USDT
        </span>
        <code class="words">{approval.words}</code>
      </p>
      <dl class="facts">
        <dt>{approval.side === 'buy' ? 'Pays no more than' : 'Takes no less than'}</dt>
        <dd>
          {approval.worst_price} ({approval.order_type})
        </dd>
        <dt>Leverage</dt>
        <dd>up to {approval.leverage}×</dd>
        <dt>Opens until</dt>
        <dd>{clock(approval.opens_until_ms)}</dd>
        <dt>{isWaiting ? 'Approve by' : 'Became'}</dt>
        <dd>{isWaiting ? `${clock(approval.expires_at_ms)}, in ${countdown(leftMs)}` : described(approval)}</dd>
        <dt>Approved by</dt>
        <dd>
          {approval.signatures.map(({ by }) => by).join(', ') || 'nobody yet'}; {approval.quorum} needed
        </dd>
        <dt>The agent says</dt>
        <dd>
          <Untrusted text={approval.untrusted.rationale ?? 'nothing'} />
        </dd>
      </dl>
      {isWaiting ? (
        <p class="approval-acts">
          <button type="button" class="primary" onClick={() => openApprove(approval)}>
            Approve…<span class="hidden"> {approval.approval_id}</span>
          </button>
          <button type="button" onClick={() => openDeny(approval)}>
            Deny…<span class="hidden"> {approval.approval_id}</span>
          </button>
        </p>
      ) : null}
    </li>
  );
}

function described({ decision_id: decision, detail, status }: ApprovalBody): string {
  return decision === null ? `${status}: ${detail ?? ''}` : `${status}: decision ${decision}`;
}
