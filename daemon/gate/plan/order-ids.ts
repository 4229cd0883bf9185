/**
 * Client order ids and decision ids. An id is used once in the life of an account, whatever becomes of the ledger: a
 * ledger that was recovered or taken over begins a new epoch, so that the seqs it uses again make other ids.
 */

/** Where ids of a ledger come from. `epoch`: venue time of the last recovery, s; null before the first one. */
export interface IdSource {
  readonly genesisId: string;
  readonly epoch: number | null;
}

/** Genesis prefix of ids: 6 hex digits tell whose order it is. */
function prefix(genesisId: string): string {
  return genesisId.slice(0, 6);
}

/**
 * `hf<6 of genesis>-<epoch>-<seq>-<slice>-<attempt>`, `hf<6 of genesis><seq>-<slice>-<attempt>` before the first epoch, in
 * base 36: deterministic, unique, at most 36 characters (BINANCE.md B 2.1).
 */
export function clientOrderId({ genesisId, epoch }: IdSource, seq: number, slice: number, attempt: number): string {
  const place = `${seq.toString(36)}-${slice.toString(36)}-${attempt.toString(36)}`;
  return epoch === null ? `hf${prefix(genesisId)}${place}` : `hf${prefix(genesisId)}-${epoch.toString(36)}-${place}`;
}

/** `d-<6 of genesis>-<epoch>-<seq>`, without the epoch before the first one. It ends in the seq of its record. */
export function decisionId({ genesisId, epoch }: IdSource, seq: number): string {
  const place = seq.toString(36);
  return epoch === null ? `d-${prefix(genesisId)}-${place}` : `d-${prefix(genesisId)}-${epoch.toString(36)}-${place}`;
}

/** Whose a client order id is: this ledger's, that of another Holdfast ledger, or of anybody else (a person, a tool). */
export type IdOwner = 'own' | 'other_ledger' | 'none';

export function ownerOf(clientOrderId: string, genesisId: string): IdOwner {
  if (!/^hf[0-9a-f]{6}/.test(clientOrderId)) return 'none';
  return clientOrderId.startsWith(`hf${prefix(genesisId)}`) ? 'own' : 'other_ledger';
}
