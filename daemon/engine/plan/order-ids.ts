/**
 * Client order ids and decision ids. An id is used once in the life of an account, whatever happens to the ledger: a
 * recovered or taken-over ledger begins a new epoch, so that reused seqs give different ids.
 */

/** The parts of a ledger's ids. `epoch`: venue time of the last recovery, s; null before the first one. */
export interface IdSource {
  readonly genesisId: string;
  readonly epoch: number | null;
}

/** Genesis prefix of ids: 6 hex digits show whose order it is. */
function prefix(genesisId: string): string {
  return genesisId.slice(0, 6);
}

/**
 * `hf<6 of genesis>-<epoch>-<seq>-<slice>-<attempt>`, `hf<6 of genesis><seq>-<slice>-<attempt>` before the first epoch,
 * in base 36: deterministic, unique, at most 36 characters.
 */
export function clientOrderId({ genesisId, epoch }: IdSource, seq: number, slice: number, attempt: number): string {
  const place = `${seq.toString(36)}-${slice.toString(36)}-${attempt.toString(36)}`;
  return epoch === null ? `hf${prefix(genesisId)}${place}` : `hf${prefix(genesisId)}-${epoch.toString(36)}-${place}`;
}

/** `d-<6 of genesis>-<epoch>-<seq>`, without the epoch before the first recovery. It ends in its record's seq. */
export function decisionId({ genesisId, epoch }: IdSource, seq: number): string {
  const place = seq.toString(36);
  return epoch === null ? `d-${prefix(genesisId)}-${place}` : `d-${prefix(genesisId)}-${epoch.toString(36)}-${place}`;
}

/** The owner of a client order id: this ledger, another Holdfast ledger, or anybody else (a person, a tool). */
export type IdOwner = 'own' | 'other_ledger' | 'none';

export function ownerOf(clientOrderId: string, genesisId: string): IdOwner {
  if (!/^hf[0-9a-f]{6}/.test(clientOrderId)) return 'none';
  return clientOrderId.startsWith(`hf${prefix(genesisId)}`) ? 'own' : 'other_ledger';
}
