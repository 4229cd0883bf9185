import { canonicalJson } from '../canonical-json.ts';
import type { ApprovalCeiling } from '../decision.ts';

/** A ceiling as it is signed: with its id, its end, and the one ledger in which it means anything. */
export interface SignedApproval extends ApprovalCeiling {
  readonly account: string;
  /** The decision that was blocked. */
  readonly approval_id: string;
  /** Until then people may say yes. */
  readonly expires_at_ms: number;
  /** The ledger's own id: no approval is worth anything in another. */
  readonly ledger: string;
  /** Until then what they approved may go out and rest. Absent in texts of before: until `expires_at_ms`. */
  readonly opens_until_ms?: number;
  readonly venue: string;
}

/** What the digest is of. Fixed members in canonical order, so that anybody can write it down again. */
export function approvalText(signed: SignedApproval): string {
  return canonicalJson({
    account: signed.account,
    agent: signed.agent,
    approval_id: signed.approval_id,
    expires_at_ms: signed.expires_at_ms,
    intent: signed.intent,
    ledger: signed.ledger,
    leverage: signed.leverage,
    lots: signed.lots,
    notional_usdt: signed.notional_usdt,
    ...(signed.opens_until_ms === undefined ? {} : { opens_until_ms: signed.opens_until_ms }),
    order_type: signed.order_type,
    policy_hash: signed.policy_hash,
    price_ticks: signed.price_ticks,
    purpose: 'holdfast approval 1',
    quantity: signed.quantity,
    quorum: signed.quorum,
    side: signed.side,
    symbol: signed.symbol,
    venue: signed.venue,
    worst_price: signed.worst_price,
  });
}

const CONSONANTS = 'bdfghjklmnprstvz';
const VOWELS = 'aiou';
const WORDS = 4;

/**
 * The first 64 bits of a digest as four words that can be read aloud (proquints, arXiv 0901.4016): what a person compares
 * between two screens.
 *
 * @param digest hex digits, at least 16
 */
export function wordCode(digest: string): string {
  const words: string[] = [];
  for (let at = 0; at < WORDS * 4; at += 4) words.push(wordOf(Number.parseInt(digest.slice(at, at + 4), 16)));
  return words.join('-');
}

/** Sixteen bits: consonant, vowel, consonant, vowel, consonant. */
function wordOf(bits: number): string {
  const consonant = (shift: number): string => CONSONANTS[(bits >> shift) & 15] ?? '';
  const vowel = (shift: number): string => VOWELS[(bits >> shift) & 3] ?? '';
  return `${consonant(12)}${vowel(10)}${consonant(6)}${vowel(4)}${consonant(0)}`;
}
