import type { HolderBody } from '../../contract/types/operator.ts';
import type { PositionBody } from '../../contract/types/reads.ts';
import { passkeys, tokens } from '../state/store.ts';
import { type ActScope, act } from './act.tsx';
import { isLive } from './acts.ts';

/** An operator's word on whose a symbol is. */

const RELEASES: readonly ActScope[] = [
  { value: '0', label: 'until it is free' },
  { value: '15', label: 'until 15 minutes after that' },
  { value: '60', label: 'until an hour after that' },
  { value: '1440', label: 'until a day after that' },
];
export function openRelease({ holder, symbol }: PositionBody): void {
  act.value = {
    title: `Release ${symbol}`,
    effect: `The openings of ${holder} in ${symbol} are canceled. It keeps what it holds and may close it, and opens nothing there until the symbol is free.`,
    confirm: 'Release the symbol',
    scopes: RELEASES,
    needsReason: true,
    send: ({ reason, scope }) => ({
      method: 'POST',
      path: `/v1/symbols/${symbol}/release`,
      body: { reason, for_ms: Number(scope) * 60_000 },
    }),
    describe: (answer) => {
      const { openings_left: left } = answer as HolderBody;
      return `${symbol} is released from ${holder}; ${left === 0 ? 'no opening of it is left' : `${left} of its openings are still being canceled`}.`;
    },
  };
}
export function openAdopt({ holder, quantity, symbol }: PositionBody): void {
  const live = (tokens.value ?? []).filter(({ is_live: isLive, role }) => isLive && role === 'agent');
  const names = [...new Set(live.map(({ agent, name }) => agent ?? name))].filter((name) => name !== holder).sort();
  act.value = {
    title: `Adopt ${symbol}`,
    effect: `All that is held, ${quantity} ${symbol}, now of ${holder ?? 'nobody'}, is that agent’s from here on: it alone opens and closes there. Other agents’ resting exits are canceled first. Where the position is over that agent’s own caps it stays. It is refused while an order or an exit there is not over. On binance-live a passkey signs it, once one is enrolled.`,
    confirm: 'Give it to the agent',
    isGrave: true,
    isForPasskeys: isLive() && (passkeys.value?.passkeys ?? []).length > 0,
    scopes: names.map((name) => ({ value: name, label: `agent ${name}` })),
    needsReason: true,
    send: ({ reason, scope }) => ({
      method: 'POST',
      path: `/v1/symbols/${symbol}/adopt`,
      body: { agent: scope, reason },
    }),
    describe: (answer) => {
      const { holder: now, quantity: held } = answer as HolderBody;
      return `${now ?? 'Nobody'} holds ${held} ${symbol} now.`;
    },
  };
}
