import type { ExecutorClient } from './executor.ts';

export type Credential = Omit<ExecutorClient, 'name'>;

/** A third of the clients are legitimate; each side shares its credentials when there are fewer than clients. */
export function assignClients(
  count: number,
  legitimate: readonly Credential[],
  attackers: readonly Credential[],
): { readonly legitimate: readonly ExecutorClient[]; readonly attackers: readonly ExecutorClient[] } {
  if (legitimate.length === 0 || attackers.length === 0) throw new Error('there is no agent token to attack with');
  const named = (name: string, number: number, credentials: readonly Credential[]): ExecutorClient[] =>
    Array.from({ length: number }, (_, index) => {
      const credential = credentials[index % credentials.length] as Credential;
      return { name: `${name}-${index + 1}`, ...credential };
    });
  const honest = Math.max(1, Math.round(count / 3));
  return {
    legitimate: named('legitimate', honest, legitimate),
    attackers: named('attacker', Math.max(1, count - honest), attackers),
  };
}
