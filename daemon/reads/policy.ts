import type { PolicyCheckBody } from '../contract/types/policy.ts';
import { describeClosed } from '../engine/feeds/market-feed.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import {
  describeLooser,
  type PolicyPort,
  type PolicyRead,
  type SymbolAtVenue,
} from '../engine/operator/policy-control.ts';
import { GATE_AGENT } from '../engine/plan/orders.ts';
import { describeMarket } from './bodies.ts';

/** A policy as it would run here. */
export function readPolicy(core: LiveCore, port: PolicyPort, text: string): PolicyRead {
  return port.parse(text, (symbol) => describeAtVenue(core, symbol));
}

/** What would come of a policy; nothing is put in force. */
export function checkPolicy(core: LiveCore, port: PolicyPort, text: string): PolicyCheckBody {
  const read = readPolicy(core, port, text);
  if (!read.ok) return { ok: false, violations: read.violations };
  const verdict = port.compare(read.policy, { spec: core.policySpec, hash: core.policyHash }, core.nowMs());
  if (verdict.action === 'refused') return { ok: false, violations: verdict.violations };
  return {
    ok: true,
    hash: read.policy.hash,
    name: read.policy.spec.name,
    looser: verdict.action === 'pending' ? verdict.looser.map(describeLooser) : [],
    warnings: read.warnings.map((warning) => `${warning.path}: ${warning.message}`),
  };
}

function describeAtVenue(core: LiveCore, symbol: string): SymbolAtVenue {
  if (core.state.rules.has(symbol)) {
    const { smallest_order_usdt, min_notional_usdt } = describeMarket(core, GATE_AGENT, symbol);
    return { smallest_order_usdt: smallest_order_usdt ?? min_notional_usdt, closed: describeClosed(core, symbol) };
  }
  const listing = core.ports.venue.findListing?.(symbol);
  if (listing === undefined) return { smallest_order_usdt: null, closed: describeClosed(core, symbol) };
  if (listing === null) return { smallest_order_usdt: null, closed: 'is not listed at the venue' };
  // Its mark is not read, so lots are not valued.
  const closed = listing.trading ? null : 'is not trading at the venue';
  return { smallest_order_usdt: listing.minNotionalUsdt, closed };
}
