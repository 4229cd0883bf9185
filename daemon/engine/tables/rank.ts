import type { Origin } from '../../core/request.ts';

/**
 * Who wants an exit: what goes out first when not all can. `flatten`: it goes on as long as that does. `stop`: it stands in
 * for a stop that the venue refused.
 */
const RANKS = { operator: 0, flatten: 0, stop: 1, cut: 2, agent: 3 } as const;

export type ExitCause = keyof typeof RANKS;
export const rankOf = ({ cause }: { readonly cause: ExitCause }): number => RANKS[cause];

/** Where the gate says no more of its own. */
const CAUSES: Readonly<Record<Origin, ExitCause>> = { operator: 'operator', gate: 'stop', agent: 'agent' };
export const causeOf = ({ origin }: { readonly origin: Origin }): ExitCause => CAUSES[origin];
