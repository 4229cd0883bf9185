import { useEffect } from 'preact/hooks';
import { profileOf } from '../core/venues.ts';
import { ActDialog, done } from './acts/act.tsx';
import { openFlatten, openHalt, openReduce, openResume } from './acts/acts.ts';
import { TargetLine } from './acts/signed-text.tsx';
import { clock, countdown, percent, span, usdt } from './format.ts';
import icon from './icon.svg';
import { Pill } from './parts.tsx';
import { nowMs } from './session/clock.ts';
import { ageMs, lostSinceMs } from './session/contact.ts';
import { EnrolDialog } from './session/enrol.tsx';
import { NewTokenDialog } from './session/new-token.tsx';
import { isRemote } from './session/place.ts';
import { RemoteSignIn } from './session/remote-sign-in.tsx';
import { isForeign, session, signOut } from './session/session.ts';
import { SignIn } from './session/sign-in.tsx';
import { account, connection, readFault, readiness, startReading, stateWord, waitingApprovals } from './state/store.ts';
import { followTitle } from './state/title.ts';
import { AgentsPanel } from './views/agents.tsx';
import { AlertsPanel } from './views/alerts.tsx';
import { ApprovalCards, showCard } from './views/approvals.tsx';
import { BudgetsPanel } from './views/budgets.tsx';
import { DecisionDialog } from './views/decision.tsx';
import { DecisionsPanel } from './views/decisions.tsx';
import { EquityPanel } from './views/equity.tsx';
import { OrdersPanel, PositionsPanel } from './views/holdings.tsx';
import { MarketPanel } from './views/market.tsx';
import { PasskeysPanel } from './views/rights/passkeys.tsx';
import { PolicyPanel } from './views/rights/policy.tsx';
import { TrustPanel } from './views/rights/trust.tsx';
import { StatePanel } from './views/state.tsx';
import { TokensPanel } from './views/tokens.tsx';

export function App() {
  if (session.value !== null) return <Board key={session.value.session} />;
  return isRemote() ? <RemoteSignIn /> : <SignIn />;
}

function Board() {
  useEffect(startReading, []);
  useEffect(followTitle, []);
  return (
    <>
      <a class="skip" href="#state">
        To the trading state
      </a>
      <TopBar />
      <StatusLine />
      <main>
        <h1 class="hidden">Holdfast console</h1>
        <Foreign />
        <div inert={isForeign.value} class={ageMs.value === null ? '' : 'old'}>
          <ApprovalCards />
          <div class="board">
            <StatePanel />
            <AlertsPanel />
            <EquityPanel />
            <BudgetsPanel />
            <PositionsPanel />
            <DecisionsPanel />
            <OrdersPanel />
            <MarketPanel />
            <AgentsPanel />
            <TrustPanel />
            {isRemote() ? null : <TokensPanel />}
            <PasskeysPanel />
            <PolicyPanel />
          </div>
        </div>
      </main>
      <ActDialog />
      <EnrolDialog />
      <NewTokenDialog />
      <DecisionDialog />
    </>
  );
}

/** Nothing that is shown is known to be so any more, and nothing may be done. */
function Foreign() {
  return isForeign.value ? (
    <p class="foreign-note" role="alert">
      What answers here is not the daemon you signed in to. This page sends it nothing, and what it shows is old. Look
      at the machine: ./holdfast status.
    </p>
  ) : null;
}

function TopBar() {
  const state = stateWord.value;
  const now = account.value;
  const venue = readiness.value?.venue ?? now?.venue ?? '';
  return (
    <header class={`top top-${state}`}>
      <p class="brand">
        <img src={icon} alt="" width={24} height={24} /> Holdfast
        {venue === '' ? null : <Pill kind={profileOf(venue).isRealMoney ? 'live' : 'plain'}>{venue}</Pill>}
      </p>
      <p class="now" role="status">
        <span class="hidden">Trading is </span>
        <strong class={`state-word state-${state}`}>{state}</strong>
      </p>
      <dl class={ageMs.value === null ? 'key-figures' : 'key-figures old'} inert={isForeign.value}>
        <div>
          <dt>Equity</dt>
          <dd>{usdt(now?.equity_usdt)}</dd>
        </div>
        <div>
          <dt>Drawdown</dt>
          <dd>{percent(now?.drawdown)}</dd>
        </div>
        <div>
          <dt>Loss today</dt>
          <dd>{percent(now?.daily_loss)}</dd>
        </div>
      </dl>
      <nav aria-label="Acts" inert={isForeign.value}>
        <button type="button" onClick={openReduce}>
          Reduce
        </button>
        {isRemote() ? null : (
          <>
            <button type="button" onClick={openResume}>
              Resume
            </button>
            <button type="button" onClick={openFlatten}>
              Flatten
            </button>
          </>
        )}
        <button type="button" class="danger" onClick={openHalt}>
          Halt
        </button>
      </nav>
      <Notices />
    </header>
  );
}

/** What has to be seen wherever the page is scrolled to: that nothing is known any more, who waits, what was done. */
function Notices() {
  return (
    <div class="notices">
      <p role="alert">{ageMs.value === null ? null : <NoContact />}</p>
      {waitingApprovals.value.length === 0 ? null : <Waiting />}
      <p role="status" class="done">
        {done.value ?? ''}
      </p>
    </div>
  );
}

function NoContact() {
  return (
    <strong class="notice notice-lost">
      No contact since {clock(lostSinceMs.value ?? 0)}. What is shown is{' '}
      <span aria-hidden="true">{span(ageMs.value ?? 0)} </span>old.
    </strong>
  );
}

function Waiting() {
  const waiting = waitingApprovals.value;
  const first = waiting[0];
  if (first === undefined) return null;
  const { approval, leftMs } = first;
  const more = waiting.length === 1 ? '' : ` (and ${waiting.length - 1} more)`;
  return (
    <p class="notice notice-waiting">
      <strong>Approve?</strong>
      <span role="status">
        {approval.side} {approval.quantity} {approval.symbol} for {approval.agent}
        {more}
      </span>
      <strong aria-hidden="true" class="left">
        {countdown(leftMs)}
      </strong>
      <span class="hidden">by {clock(approval.expires_at_ms)}</span>
      <button type="button" onClick={() => showCard(approval.approval_id)} inert={isForeign.value}>
        Show
      </button>
    </p>
  );
}

const LINKS = {
  live: 'Live',
  connecting: 'Connecting…',
  reconnecting: 'The daemon does not answer; trying again…',
} as const;

function StatusLine() {
  const link = lostSinceMs.value === null ? connection.value : 'reconnecting';
  const current = session.value;
  return (
    <section class="status" aria-label="Session">
      <p role="status" class={`link link-${link}`}>
        {isForeign.value ? 'Another program answers; trying again…' : LINKS[link]}
        {link !== 'live' && !isForeign.value && readFault.value !== null ? ` (${readFault.value})` : ''}
      </p>
      <TargetLine />
      <p class="dim">
        {clock(nowMs.value)} · {current?.name}, signed in until {clock(current?.expires_at_ms ?? 0)}
      </p>
      <button type="button" class="quiet" onClick={() => signOut(null)}>
        Sign out
      </button>
    </section>
  );
}
