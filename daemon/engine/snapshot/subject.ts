import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { Ask, LiveInputs, SymbolInputs } from '../readings/inputs.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';

/** What is decided, and all that it is decided by. */
export interface Question {
  readonly state: GateViews;
  readonly inputs: LiveInputs;
  readonly request: ExecutionRequest;
  readonly policy: CompiledPolicy;
  readonly ask: Ask;
}
/** With what is looked up for every part of the view. */
export interface Subject extends Question {
  /** Empty where the request names none. */
  readonly symbol: string;
  readonly rules: SymbolRules | null;
  readonly live: SymbolInputs | null;
  /** Passed time of the decision, ms. */
  readonly tMs: number;
}
